"""One run of a method: trained under one of its settings after the other, and the best kept by held-out queries."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.grounding.baselines import AnswerHeads, begin, semantic, supervised, trained
from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.methods import BY_ITSELF, SETTINGS, MethodName, settings_of
from benchmarks.grounding.tasks.problem import Given
from benchmarks.runner import fault_tolerance
from benchmarks.runner.benchmark import Job, Place
from benchmarks.runner.training import train_task
from gedi_nesy.audit.judgement import judge
from gedi_nesy.audit.verdict import Verdict
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.tasks import Task
from gedi_nesy.tasks.evidence import Judged, evidence_of
from gedi_nesy.tasks.learn import TaskOutcome
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager


class Found(NamedTuple):
    """What came of a method under one setting."""

    models: Mapping[str, GEDI]
    judged: Judged
    verdict: Verdict
    setting: Mapping[str, float]
    restarts: int
    seconds: float
    survival: Mapping[str, Any]
    outcome: TaskOutcome | None
    """where `learn_task` trained it"""


def searched(
    config: GroundingConfig,
    usual: TrainConfig,
    job: Job,
    place: Place,
    given: Given,
    saver: CheckpointManager,
) -> Found:
    """Under the setting, of those that are tried, with which most held-out queries hold; seconds are those of all."""
    method: MethodName = job.runs[0]["method"]
    found = []
    for number in range(config.search):
        # 1 is the training that is told labels
        own = saver.numbered(number + 1) if number else saver
        settings, setting = settings_of(usual, method, number), SETTINGS[method][number]
        if method in BY_ITSELF:
            this = _by_itself(settings, setting, job, place, given)
        else:
            this = by_learn_task(settings, job, place, given, own, config.first_stage())
        found.append(this._replace(setting=setting))
    best = max(found, key=lambda each: each.verdict.held_out or 0.0)
    return best._replace(seconds=sum(each.seconds for each in found))


def by_learn_task(
    settings: TrainConfig,
    job: Job,
    place: Place,
    given: Given,
    saver: CheckpointManager,
    pretrain: PretrainConfig | None,
) -> Found:
    """An objective of the library."""
    outcome = train_task(job, place, _on(given.task, place), settings, saver, pretrain)
    return Found(
        outcome.models,
        outcome.judged,
        outcome.verdict,
        {},
        len(outcome.training.attempts),
        saver.seconds,
        fault_tolerance.record(saver, outcome.training),
        outcome,
    )


def _by_itself(
    settings: TrainConfig, setting: Mapping[str, float], job: Job, place: Place, given: Given
) -> Found:
    """Labels, or the semantic loss; the verdict reads queries as that of the others does."""
    seed, start = job.runs[0]["seed"], time.monotonic()
    begun = begin(_on(given.task, place), settings, seed)
    if job.runs[0]["method"] == "supervised":
        heads, loss = nn.Module(), supervised(begun, given.labels, settings)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            templates = begun.found.log_prob.templates
            heads = AnswerHeads(begun.split.training, templates, begun.found.num_clusters).to(place.device)
        loss = semantic(begun, heads, setting["semantic"], settings)
    models = trained(begun, loss, heads, settings)
    evidence = evidence_of(begun.split, begun.found.log_prob, models, audited=False)
    return Found(models, evidence, judge(evidence.evidence), {}, 1, time.monotonic() - start, {}, None)


def _on(task: Task, place: Place) -> Task:
    """The task, its pools on the run's device."""
    pools = {name: pool.to(place.device) for name, pool in task.pools.items() if isinstance(pool, Tensor)}
    return replace(task, pools=pools)
