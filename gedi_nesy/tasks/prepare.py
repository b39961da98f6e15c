"""From a task to numbers: what each network is shown, and what is known to hold of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import Reading, Shown, TaskData, Template
from gedi_nesy.errors import did_you_mean
from gedi_nesy.logic.query import answer_key
from gedi_nesy.tasks.pools import Columns, Pool, pool_of
from gedi_nesy.tasks.programs import Domain, TaskLogProb, compile_queries, domains
from gedi_nesy.tasks.task import Indices, NetworkSpec, Task
from gedi_nesy.training.restarts import Untrained


class Prepared(NamedTuple):
    """A task as a learner is given it; how each network is made; and the columns of points and features."""

    data: TaskData
    log_prob: TaskLogProb
    num_clusters: dict[str, int]
    backbones: dict[str, Callable[[], nn.Module]]
    start_ranks: dict[str, int]
    columns: dict[str, Columns]

    @property
    def untrained(self) -> dict[str, Untrained]:
        """What restarts make each network of."""
        return {
            name: Untrained(self.backbones[name], self.num_clusters[name], self.start_ranks[name])
            for name in self.data.networks
        }


def prepare(task: Task, bounds: tuple[float, float] | None) -> Prepared:
    """DataError or ProgramError, in a line, if something of the task does not fit together.

    `bounds` are those that pixels must lie in.
    """
    if not task.queries:
        raise DataError(
            "queries=[]: a task needs some; images without any are clustered by learn(data, None, ...)"
        )
    known = domains(task.queries)
    log_prob, answers = compile_queries(task.queries, task.networks, known, task.allow_python)
    names = list(dict.fromkeys(name for each in log_prob.templates for name, _ in each.readings))
    specs = {name: task.networks.get(name, NetworkSpec()) for name in names}
    pool_names = {name: pool_name(name, spec, task.pools) for name, spec in specs.items()}
    used = dict.fromkeys(pool_names.values())
    pools = {name: pool_of(name, task.pools[name], bounds) for name in used}
    inputs = {name: pool.inputs for name, pool in pools.items()}
    templates = _templates(task, log_prob, answers, pool_names, inputs)
    networks = {}
    num_clusters = {name: spec.num_clusters or known[name].size for name, spec in specs.items()}
    for name, spec in specs.items():
        pool, size = pools[pool_names[name]], len(inputs[pool_names[name]])
        extra = _extra(name, spec, templates, pool_names, size)
        labelled, labels = _labels(name, spec, known[name], size)
        device, augment = pool.inputs.device, spec.augment or pool.augment
        sgld = spec.sgld or pool.sgld
        networks[name] = Shown(
            pool.inputs, extra.to(device), labelled.to(device), labels.to(device), augment, sgld
        )
    if any(pool.features for pool in pools.values()):
        networks = _with_neighbours(TaskData(networks, templates), specs, pool_names, pools, num_clusters)
    return Prepared(
        TaskData(networks, templates),
        log_prob,
        num_clusters,
        {name: spec.make_backbone or pools[pool_names[name]].make_backbone for name, spec in specs.items()},
        # chains begin anywhere where L_GEN is not trained
        {name: 0 if pools[pool_names[name]].features else spec.start_rank for name, spec in specs.items()},
        {name: columns for name, pool in pool_names.items() if (columns := pools[pool].columns) is not None},
    )


def _with_neighbours(
    data: TaskData,
    specs: Mapping[str, NetworkSpec],
    pool_names: Mapping[str, str],
    pools: Mapping[str, Pool],
    num_clusters: Mapping[str, int],
) -> dict[str, Shown]:
    """The networks that read features, but for those with an augmentation of their own, pair each with neighbours."""
    found = {}
    for name, shown in data.networks.items():
        near = None
        if specs[name].augment is None:
            rows = torch.cat([data.train_indices(name), shown.labelled]).unique()
            near = pools[pool_names[name]].neighbours(rows, num_clusters[name])
        found[name] = shown._replace(neighbours=near)
    return found


def pool_name(name: str, spec: NetworkSpec, pools: Mapping[str, object]) -> str:
    """Which pool a network reads."""
    if spec.pool is None and len(pools) != 1:
        raise DataError(f"network '{name}' must say which pool it reads: {', '.join(pools)}")
    pool = spec.pool if spec.pool is not None else next(iter(pools))
    if pool not in pools:
        raise DataError(
            f"network '{name}' reads pool '{pool}', which there is not{did_you_mean(pool, pools)}"
        )
    return pool


def _indices(what: str, given: Indices, size: int) -> Int[Tensor, " index"]:
    # what is not writable is copied: torch would warn that it might be written to
    found = torch.as_tensor(np.array(given) if not isinstance(given, Tensor) else given)
    if len(found) == 0:
        found = found.long()
    if found.ndim != 1 or found.is_floating_point() or found.dtype == torch.bool:
        raise DataError(
            f"{what} must be a list of whole numbers, found {found.dtype} of {tuple(found.shape)}"
        )
    bad = found[(found < 0) | (found >= size)]
    if len(bad):
        raise DataError(f"{what} holds {int(bad[0])}, which must be 0 to {size - 1}")
    return found.long()


def _templates(
    task: Task,
    log_prob: TaskLogProb,
    answers: Sequence[Tensor],
    pool_names: Mapping[str, str],
    pools: Mapping[str, Tensor],
) -> tuple[Template, ...]:
    found = []
    for queries, compiled, own in zip(task.queries, log_prob.templates, answers, strict=True):
        places = {image: place for place, image in enumerate(queries.images)}
        parts = []
        for image, given in queries.images.items():
            read = sorted({pool_names[name] for name, each in compiled.readings if each == image})
            if len(read) > 1:
                raise DataError(f"{queries.query}: {image} is read from several pools, {', '.join(read)}")
            size = len(pools[read[0]]) if read else max(len(pool) for pool in pools.values())
            parts.append(_indices(f"{queries.query}: {image}", given, size))
        lengths = {len(part) for part in parts}
        if len(lengths) != 1 or lengths == {0}:
            sizes = ", ".join(
                f"{image}: {len(part)}" for image, part in zip(queries.images, parts, strict=True)
            )
            raise DataError(f"{queries.query}: every image must be given once a query, found {sizes}")
        if len(own) and len(own) != len(parts[0]):
            raise DataError(f"{queries.query}: {len(own)} answers for {len(parts[0])} queries")
        device = next(iter(pools.values())).device
        readings = tuple(Reading(name, places[image]) for name, image in compiled.readings)
        found.append(Template(torch.stack(parts, dim=1).to(device), own.to(device), readings))
    return tuple(found)


def _extra(
    name: str,
    spec: NetworkSpec,
    templates: Sequence[Template],
    pool_names: Mapping[str, str],
    size: int,
) -> Int[Tensor, " image"]:
    """What a network is shown beside queries: what it is told, or all of its pool, if that is nobody else's."""
    if spec.extra is not None:
        return _indices(f"extra of network '{name}'", spec.extra, size)
    sharing = [other for other, pool in pool_names.items() if pool == pool_names[name]]
    for template in templates:
        if any(set(template.columns(other)) != set(template.columns(name)) for other in sharing):
            return torch.empty(0, dtype=torch.long)
    free = torch.ones(size, dtype=torch.bool)
    for template in templates:
        free[template.indices[:, template.columns(name)].flatten().cpu()] = False
    return torch.nonzero(free)[:, 0]


def _labels(
    name: str, spec: NetworkSpec, domain: Domain, size: int
) -> tuple[Int[Tensor, " labelled"], Int[Tensor, " labelled"]]:
    """Images whose symbol is known, and which cluster that is."""
    places = {answer_key(value): place for place, value in enumerate(domain.values)}
    for value in spec.labels.values():
        if answer_key(value) not in places:
            raise DataError(
                f"labels of network '{name}': {value!r} is no value of its domain, {', '.join(map(str, domain.values))}"
            )
    labelled = _indices(f"labels of network '{name}'", list(spec.labels), size)
    return labelled, torch.tensor(
        [places[answer_key(value)] for value in spec.labels.values()], dtype=torch.long
    )
