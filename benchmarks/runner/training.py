"""`gedi_nesy.learn` and `learn_task` in a place of the runner: saved, gone on with, recorded, and shown."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmarks.runner import fault_tolerance
from benchmarks.runner.benchmark import Identity, Job, Place
from benchmarks.runner.config import RecordedConfig
from benchmarks.runner.flags import flat
from benchmarks.runner.progress import Bar
from benchmarks.runner.record import RunRecord, heard_by
from benchmarks.runner.results import about
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.tasks import Task
from gedi_nesy.tasks.learn import TaskOutcome, learn_task
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.loop import Outcome


def backbone(images: Tensor, width: int, num_clusters: int, start_rank: int = 60) -> Callable[[], ConvNet]:
    """What makes a ConvNet for these images; tried once, so that a wrong setting is named before training."""
    make = partial(ConvNet, *images.shape[1:3], width=width)
    with torch.random.fork_rng(devices=[]):
        GEDI(make(), num_clusters, start_rank=start_rank)
    return make


class Trained(NamedTuple):
    """What came of a run, and what results.json is to say of it."""

    outcome: Outcome
    seconds: float
    """over all its processes"""
    survival: dict[str, Any]
    """what saving cost, how many processes it took, and every return from divergence"""


def train(
    config: RecordedConfig,
    job: Job,
    place: Place,
    data: QuerySet,
    log_prob: QueryLogProb | None,
    num_clusters: int,
    settings: TrainConfig,
    identity: Identity,
    **given: Any,
) -> Trained:
    """Train the one run of a job; what is `given` besides goes to `learn`. All ranks take part.

    `identity` is what `config` does not say of the run: its seed, its row.
    """
    saver = fault_tolerance.saver_of(config, place.checkpoints, identity, place.device)
    pretrain: PretrainConfig | None = given.get("pretrain")
    bar = Bar(place.progress, place.console, job.name, settings, before=pretrain.steps if pretrain else 0)
    head: Mapping[str, Any] = about(place.benchmark, flat(config), place.device)
    record = RunRecord(place.folder, {**head, **identity}, config.tensorboard)
    outcome = learn(
        data,
        log_prob,
        num_clusters,
        config=settings,
        on_step=heard_by(bar, record),
        saver=saver,
        on_resume=fault_tolerance.resumer(saver, bar, record, place.console, job.name),
        **given,
    )
    seconds = saver.seconds
    bar.close()
    record.close(outcome.history, outcome.recoveries)
    fault_tolerance.say_recoveries(outcome, place.console, job.name)
    return Trained(outcome, seconds, fault_tolerance.record(saver, outcome))


def train_task(
    job: Job,
    place: Place,
    task: Task,
    settings: TrainConfig,
    saver: CheckpointManager,
    pretrain: PretrainConfig | None = None,
) -> TaskOutcome:
    """Train a task with the seed of the one run of a job, with a bar."""
    before = pretrain.steps * len(task.networks) if pretrain else 0
    bar = Bar(place.progress, place.console, job.name, settings, before=before)
    seed = job.runs[0]["seed"]
    outcome = learn_task(task, settings, seed, bar, saver, bar.resumed, pretrain=pretrain)
    bar.close()
    return outcome


def attempts(outcome: Outcome) -> list[dict[str, Any]]:
    """For results.json: how every restart ended."""
    return [
        {
            "prior_weight": attempt.prior_weight,
            "objective": attempt.objective,
            "held": attempt.held,
            **attempt.terms,
        }
        for attempt in outcome.attempts
    ]
