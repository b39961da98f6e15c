"""Which few images are worth a label: those that tell the remaining readings apart, or that help most where there are
none yet."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.data.queries import TaskData
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.evidence import Judged
from gedi_nesy.tasks.learn import TaskOutcome, averages
from gedi_nesy.tasks.prepare import pool_name
from gedi_nesy.tasks.readings import Readings, log_probs_of
from gedi_nesy.tasks.task import NetworkSpec, Task

MOST = 10
"""Images that are asked for, unless another number is given."""


class WorthLabelling(NamedTuple):
    """One image whose symbol is asked for: put it into `labels` of its network, and train again."""

    network: str
    pool: str
    index: int
    """in the pool"""
    cluster: int
    """what the network reads, which is what the label will say of all that look like it"""
    probability: float


def worth_labelling(task: Task, outcome: TaskOutcome, most: int = MOST) -> tuple[WorthLabelling, ...]:
    """The most telling image first, no more than `most`, of a task and what came of it.

    Where readings are left: of the smallest sets of symbols that settle them, the one whose images are the surest, and
    of each symbol the surest image. Where nothing was learned: the surest image of each cluster, those first whose
    queries fail most often. None where there is nothing to ask.
    """
    judged, kind = outcome.judged, outcome.verdict.verdict
    if kind == "grounded":
        return ()
    data, networks = judged.split.training, averages(outcome.training.learner)
    surest = {name: _surest(network, data, name) for name, network in networks.items()}
    labels = judged.rivals.labels
    if kind == "ambiguous" and labels:
        sets = [[(name, judged.rivals.symbols[name, symbol]) for name, symbol in each] for each in labels]
        chosen = max(sets, key=lambda each: min((surest[n][c][1] for n, c in each), default=0.0))
    else:
        chosen = _by_failures(judged, networks)
    asked = []
    for name, cluster in chosen[:most]:
        index, probability = surest[name][cluster]
        pool = pool_name(name, task.networks.get(name, NetworkSpec()), task.pools)
        asked.append(WorthLabelling(name, pool, index, cluster, probability))
    return tuple(asked)


@torch.no_grad()
def _surest(network: GEDI, data: TaskData, name: str) -> list[tuple[int, float]]:
    """By cluster, the image that is most probably in it, and how probably."""
    indices = data.train_indices(name)
    log_probs: Float[Tensor, "image cluster"] = log_probs_of(network, data.networks[name], indices)
    best, row = log_probs.max(dim=0)
    return list(zip(indices[row].tolist(), best.exp().tolist(), strict=True))


def _by_failures(judged: Judged, networks: Mapping[str, GEDI]) -> list[tuple[str, int]]:
    """All clusters of all networks, those first of which the largest share of the queries does not hold."""
    failures: dict[tuple[str, int], float] = {}
    for name, network in networks.items():
        failed = read = torch.zeros(network.num_clusters)
        for side, data in (
            (judged.held_out, judged.split.held_out),
            (judged.training, judged.split.training),
        ):
            for place, each in enumerate(side):
                mine = [
                    row
                    for row, reading in enumerate(data.templates[place].readings)
                    if reading.network == name
                ]
                failed = failed + _counts(each, mine, ~each.held, network.num_clusters)
                read = read + _counts(each, mine, torch.ones_like(each.held), network.num_clusters)
        # a cluster that is never read has failed as often as it could
        shares = torch.where(read > 0, failed / read.clamp(min=1), 1.0)
        failures |= {(name, cluster): share for cluster, share in enumerate(shares.tolist())}
    return sorted(failures, key=lambda key: -failures[key])


def _counts(
    readings: Readings, rows: Sequence[int], which: Tensor, clusters: int
) -> Float[Tensor, " cluster"]:
    found = readings.symbols[list(rows)][:, which].flatten()
    return torch.bincount(found, minlength=clusters).float().cpu()
