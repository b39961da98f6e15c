"""Symbols without labels, in one call: images, which of them stand in a query, and a program that says what holds."""

import copy
import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn

from gedi_nesy.data.checks import as_tensors, check_images, check_queries
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import ONLY, QuerySet, TaskData, as_task
from gedi_nesy.logic import Program, Query
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.term import Features
from gedi_nesy.tasks.prepare import prepare
from gedi_nesy.tasks.programs import Outputs, TaskLogProb
from gedi_nesy.tasks.task import Task
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.divergence import check_finite
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Record
from gedi_nesy.training.seeds import streams

FITTED_IMAGES, FITTED_SIZE = 10_000, 28 * 28
"""Images to which the start of Langevin chains is fitted: more show its directions no better, and an SVD grows fast."""


class CompiledQuery(nn.Module):
    """log P(query) from images' log-probabilities, (slot, query, cluster); its parameters are the program's t(...)."""

    def __init__(self, query: Query, slots: Sequence[str], facts: nn.Module):
        super().__init__()
        self.query, self.slots, self.facts = query, tuple(slots), facts

    def forward(self, blocks: Tensor, answers: Tensor | None = None) -> Tensor:
        outputs = dict(zip(self.slots, blocks, strict=True))
        if answers is None:
            return self.query.log_prob_of(**outputs)
        values, place = answers.unique(return_inverse=True)
        columns = self.query.columns_of(values).to(blocks.device)[place]
        return self.query.log_distribution_of(**outputs).gather(1, columns[:, None])[:, 0]


def query_log_prob(
    program: str | os.PathLike[str],
    query: str,
    slots: Sequence[str],
    num_clusters: int,
    network: str = "digit_net",
    engine: Literal["circuit", "deepproblog"] = "circuit",
    answer: str | None = None,
) -> CompiledQuery:
    """log P(query) as a function of the images' log-probabilities, (slot, query, cluster) in the order of `slots`.

    `slots` are the variables of the query that stand for images, all read by `network`. With `answer`, a variable for
    a number, the function takes each query's answer as well. ProgramError says what is wrong with the program or the
    query, with file and line where it can.
    """
    parsed = Program.from_file(program, networks={network: Outputs(num_clusters)})
    compiled = parsed.compile(query, images=list(slots), answer=answer, engine=engine)
    return CompiledQuery(compiled, slots, parsed.learnable)


def _checked(
    data: QuerySet, log_prob: QueryLogProb | None, num_clusters: int, config: TrainConfig
) -> QuerySet:
    """The data as tensors; DataError, with what to do, if something in them does not fit."""
    data = as_tensors(data)
    if data.images.is_floating_point():
        check_finite(data.images)
    check_images(data.images, "images", config.step.sgld.bounds)
    check_queries(data, num_clusters)
    queries, arguments = data.query_indices.shape
    if len(data.labels) and (log_prob is None or not table.needs(config.objective, "queries")):
        without = "log_prob is None" if log_prob is None else "weight_nesy=0"
        raise DataError(
            f"labels holds {len(data.labels)}, and with {without} nothing learns from them: they are part of L_NESY"
        )
    if log_prob is not None and queries == 0:
        raise DataError(
            "log_prob is given, and no query that it could be learned from: query_indices is empty"
        )
    if isinstance(log_prob, CompiledQuery):
        slots, answer = log_prob.slots, log_prob.query.answer
        if len(slots) != arguments:
            raise DataError(
                f"query_indices has {arguments} images a query, and the query reads {len(slots)}: {', '.join(slots)}"
            )
        if bool(answer) != bool(len(data.answers)):
            raise DataError(
                f"the query asks for {answer}: answers must hold {queries}, one each, and is empty"
                if answer
                else f"answers holds {len(data.answers)}, and the query asks for none: compile it with answer="
            )
    return data


def _num_fitted(size: int) -> int:
    """How many images of `size` numbers: of larger ones as many as make the SVD's work, n d min(n, d), no larger."""
    work = FITTED_IMAGES * FITTED_SIZE**2
    return min(FITTED_IMAGES, max(work // size**2, math.isqrt(work // size)))


def learn(
    data: QuerySet,
    log_prob: QueryLogProb | None,
    num_clusters: int,
    config: TrainConfig | None = None,
    make_backbone: Callable[[], nn.Module] | None = None,
    seed: int = 0,
    start_rank: int = 60,
    on_step: Callable[[Record], None] = lambda record: None,
    search_log_prob: QueryLogProb | None = None,
    saver: CheckpointManager | None = None,
    on_resume: Callable[[list[Record]], None] = lambda history: None,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Train a GEDI network on queries over images; `.model` of the outcome is what to keep.

    Each restart has a fresh network and generator, in streams of their own (`seeds.streams`); torch's global generator
    is left as it was. `make_backbone` defaults to a ConvNet for the images' shape; `start_rank` is that of the Gaussian
    at which Langevin chains begin. The t(...) of the program are learned as well, and in the end `log_prob` has their
    values. Without `log_prob` it is standalone GEDI: clusters and samples, no names. With a `saver`, a run that was
    ended goes on where it was saved. `stop` is asked between two steps whether to end with what there is
    (`Outcome.finished` is False then). ValueError says which images, indices, answers or labels do not fit, and how
    they would. Several networks, pools or query templates are a task: `learn_task`.
    """
    config = config or TrainConfig()
    data = _checked(data, log_prob, num_clusters, config)
    channels, *size = data.images.shape[1:]
    backbone = make_backbone or partial(ConvNet, channels=channels, image_size=size)
    untrained = {ONLY: Untrained(backbone, num_clusters, start_rank)}
    make_learner = _learners(as_task(data), untrained, log_prob, config, seed)
    outcome = train(make_learner, log_prob, config, on_step, search_log_prob, saver, on_resume, stop)
    for query in (log_prob, search_log_prob):
        if isinstance(query, nn.Module):
            query.load_state_dict(outcome.learner.facts)
    return outcome


class TaskOutcome(NamedTuple):
    """The averaged networks of the best restart by name, refined, and how they came about."""

    models: dict[str, GEDI]
    training: Outcome
    log_prob: TaskLogProb
    """the compiled queries, with the t(...) as they were learned"""

    def program(self, path: str | os.PathLike[str]) -> Program:
        """One of the task's programs, with the networks and the t(...) as they were learned."""
        place = self.log_prob.programs.index(os.fspath(path))
        program = Program.from_file(path, networks=self.models)
        program.learnable.load_state_dict(self.log_prob.facts[place].state_dict())
        return program


def learn_task(
    task: Task,
    config: TrainConfig | None = None,
    seed: int = 0,
    on_step: Callable[[Record], None] = lambda record: None,
    saver: CheckpointManager | None = None,
    on_resume: Callable[[list[Record]], None] = lambda history: None,
    stop: Callable[[], bool] | None = None,
) -> TaskOutcome:
    """Train the networks of a task on its queries, all together; `.models` of the outcome is what to keep.

    Batches mix templates; each network is called once a step and each template's circuit once. Objective, restarts and
    verification are those of `learn`; L_INV, L_PRIOR and L_GEN are added up over the networks. ValueError says what of
    the task does not fit.
    """
    config = config or TrainConfig()
    found = prepare(task, config.step.sgld.bounds)
    untrained = {
        name: Untrained(found.backbones[name], found.num_clusters[name], found.start_ranks[name])
        for name in found.data.networks
    }
    make_learner = _learners(found.data, untrained, found.log_prob, config, seed)
    outcome = train(make_learner, found.log_prob, config, on_step, None, saver, on_resume, stop)
    found.log_prob.load_state_dict(outcome.learner.facts)
    models = {}
    for name, network in outcome.learner.networks.items():
        models[name] = network.average
        if name in found.ranges:
            # trained on points in [0, 1], and to be given them as they come
            models[name] = copy.deepcopy(network.average)
            models[name].standardise_by(*found.ranges[name])
    return TaskOutcome(models, outcome, found.log_prob)


class Untrained(NamedTuple):
    """What a network is made of."""

    make_backbone: Callable[[], nn.Module]
    num_clusters: int
    start_rank: int


def _learners(
    data: TaskData,
    untrained: Mapping[str, Untrained],
    log_prob: QueryLogProb | None,
    config: TrainConfig,
    seed: int,
) -> Callable[[int], Learner]:
    """What begins each restart."""

    def model(name: str) -> tuple[GEDI, Tensor]:
        """A fresh network, and the inputs to which the start of its chains is fitted."""
        made, inputs, indices = untrained[name], data.networks[name].inputs, data.train_indices(name)
        shown = indices[:: 1 + len(indices) // _num_fitted(inputs[0].numel())]
        rank = min(made.start_rank, len(indices) - 1, len(shown), inputs[0].numel())
        network = GEDI(made.make_backbone(), made.num_clusters, start_rank=rank).to(data.device)
        return network, inputs[shown]

    def make_learner(attempt: int) -> Learner:
        initialisation, training = streams(seed, attempt)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(initialisation)
            made = {name: model(name) for name in untrained}
        for network, shown in made.values():
            if network.start_rank:
                network.fit_start(shown)
        models = {name: network for name, (network, _) in made.items()}
        facts = log_prob.state_dict() if isinstance(log_prob, nn.Module) else {}
        generator = Generator(data.device).manual_seed(training)
        heads = {
            name: table.modules(
                config.objective, Features(network.input_shape, network.num_features), generator
            )
            for name, network in models.items()
        }
        return Learner(models, data, config.step, generator, facts, heads)

    return make_learner
