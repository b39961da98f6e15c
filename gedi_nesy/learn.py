"""Symbols without labels, in one call: images, which of them stand in a query, and a program that says what holds."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from torch import Tensor, nn

from gedi_nesy.data.checks import as_tensors, check_images, check_queries
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import ONLY, Augment, QuerySet, as_task
from gedi_nesy.errors import ConfigError
from gedi_nesy.logic import Program, Query
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.objectives import table
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.pretraining.first import Calls, second_config
from gedi_nesy.tasks.learn import TaskOutcome, learn_task
from gedi_nesy.tasks.programs import Outputs
from gedi_nesy.tasks.watch import Watch, attended, told_to, watched_first
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.divergence import check_finite
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Record
from gedi_nesy.training.restarts import Untrained, learners

__all__ = ["CompiledQuery", "TaskOutcome", "learn", "learn_task", "query_log_prob"]


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
    time_limit: float | None = None,
    progress: bool = False,
    pretrain: PretrainConfig | None = None,
    augment: Augment | None = None,
    hidden: int | None = None,
) -> Outcome:
    """Train a GEDI network on queries over images; `.model` of the outcome is what to keep.

    Each restart has a fresh network and generator, in streams of their own (`seeds.streams`); torch's global generator
    is left as it was. `make_backbone` defaults to a ConvNet for the images' shape; `start_rank` is that of the Gaussian
    at which Langevin chains begin. The t(...) of the program are learned as well, and in the end `log_prob` has their
    values. Without `log_prob` it is standalone GEDI: clusters and samples, no names. With a `saver`, a run that was
    ended goes on where it was saved. `stop` is asked between two steps whether to end with what there is
    (`Outcome.finished` is False then). `progress` shows a bar on standard error, also in a notebook; with it, or with a
    `time_limit` in seconds, Ctrl-C ends training with what there is, and pressed twice at once (where `stop` is given,
    ending is its business alone). With `pretrain` features come first: its term trains the encoder, linear heads on it
    begin the restarts, and positive pairs are neighbours in the embedding (docs/features-first.md). `augment` makes x'
    of x, where warps are not what classes are invariant to (`augmentation.photographs`). With `hidden` the head has a
    hidden layer of so many units; with `pretrain` it is linear. ValueError says which images, indices, answers or
    labels do not fit, and how they would. Several networks, pools or query templates are a task: `learn_task`.
    """
    config = config or TrainConfig()
    data = _checked(data, log_prob, num_clusters, config)
    channels, *size = data.images.shape[1:]
    backbone = make_backbone or partial(ConvNet, channels=channels, image_size=size)
    untrained = {ONLY: Untrained(backbone, num_clusters, start_rank, hidden=hidden)}
    task, first = as_task(data), None
    task = task._replace(networks={ONLY: task.networks[ONLY]._replace(augment=augment)})
    if pretrain is not None and hidden is not None:
        raise ConfigError(f"hidden={hidden}: with pretrain= heads are linear")
    with attended(config, time_limit, progress, stop, saver is not None) as (ended, report):
        if pretrain is not None:
            calls = Calls(on_step, on_resume, saver, ended)
            first = watched_first(task, untrained, config, pretrain, seed, calls, report)
            task, untrained, config = first.data, first.untrained, second_config(config)
            saver, on_resume = first.saver(saver), first.on_resume(on_resume)
        make_learner = learners(task, untrained, log_prob, config, seed)
        shown = Watch(report, config, stop=ended) if report else None
        on_step, on_resume = told_to(shown, on_step, on_resume)
        outcome = train(make_learner, log_prob, config, on_step, search_log_prob, saver, on_resume, ended)
    if first is not None:
        outcome = first.joined(outcome)
    for query in (log_prob, search_log_prob):
        if isinstance(query, nn.Module):
            query.load_state_dict(outcome.learner.facts)
    return outcome
