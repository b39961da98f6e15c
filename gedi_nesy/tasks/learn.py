"""From a task to trained networks, and to a verdict on what their symbols mean."""

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from torch import Generator

from gedi_nesy.audit.judgement import judge
from gedi_nesy.audit.verdict import Kind, Verdict
from gedi_nesy.errors import ConfigError
from gedi_nesy.logic import Program
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.pretraining.first import Calls, second_config
from gedi_nesy.progress import OnProgress
from gedi_nesy.tasks.agreement import Restarts
from gedi_nesy.tasks.evidence import Judged, evidence_of
from gedi_nesy.tasks.hold_out import Split, hold_out
from gedi_nesy.tasks.prepare import Prepared, prepare
from gedi_nesy.tasks.programs import TaskLogProb
from gedi_nesy.tasks.task import FeaturePool, Task
from gedi_nesy.tasks.watch import Watch, attended, held_out_satisfaction, told_to, watched_first
from gedi_nesy.training.config import TrainConfig, features_config
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.durability.stopping import Stop
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Record
from gedi_nesy.training.restarts import Untrained, learners
from gedi_nesy.training.seeds import streams

LONGER = 1.5
"""Where nothing was learned and there is time, everything begins anew, with restarts this many times as long."""

SETTLED = ("grounded", "ambiguous", "wrong-rule")
"""Verdicts that more training does not change."""


class TaskOutcome(NamedTuple):
    """The averaged networks of the best restart by name, refined, and how they came about."""

    models: dict[str, GEDI]
    training: Outcome
    log_prob: TaskLogProb
    """the compiled queries, with the t(...) as they were learned"""
    verdict: Verdict
    """whether the symbols mean what the rule says, as far as held-out queries tell"""
    judged: Judged
    """what the verdict is made of: what is read in each query, and whether it holds"""
    stopped: str | None = None
    """what ended training early, Ctrl-C or the time limit; None: it came to its end, or `stop` was given"""

    def program(self, path: str | os.PathLike[str], allow_python: bool = False) -> Program:
        """One of the task's programs, with the networks and the t(...) as they were learned."""
        place = self.log_prob.programs.index(os.fspath(path))
        program = Program.from_file(path, self.models, allow_python)
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
    held_out: float | None = None,
    time_limit: float | None = None,
    progress: bool = False,
    pretrain: PretrainConfig | None = None,
) -> TaskOutcome:
    """Train the networks of a task on its queries, all together; `.models` of the outcome is what to keep.

    Batches mix templates; each network is called once a step and each template's circuit once. Objective, restarts and
    verification are those of `learn`; L_INV, L_PRIOR and L_GEN are added up over the networks.

    `held_out` is the share of the queries that training does not see, and by which `.verdict` is found: by default 15%,
    but at least 20 and at most 500 queries, and never more than a third; with 0 all are trained on, and nothing can be
    said to be grounded. With a `time_limit` in seconds training begins anew, with longer restarts, until the verdict
    says that something was learned (or cannot be) or the time is up; the best by the held-out queries is kept. A rule
    that two restarts show to be wrong ends training in any case, but for programs with t(...).
    `progress` shows a bar on standard error, also in a notebook. With either, Ctrl-C ends training with what there is,
    and pressed twice at once; with a `saver` the same call goes on then. With `pretrain` features of images come first,
    network by network (docs/features-first.md). ValueError says what of the task does not fit.
    """
    config = config or default_config(task)
    if features_of(task) and config.objective.get("gen", 0.0):
        raise ConfigError(
            "objective: L_GEN is not trained on features, whose distances say little: gen must be 0"
        )
    found = prepare(task, config.step.sgld.bounds)
    split = hold_out(Generator().manual_seed(streams(seed)[1]), found.data, held_out)
    calls = _Calls(on_step, on_resume, stop)
    with attended(config, time_limit, progress, stop, saver is not None) as (ended, report):
        calls = calls._replace(stop=ended, report=report)
        untrained, first = found.untrained, None
        if pretrain is not None:
            told = Calls(on_step, on_resume, saver, ended)
            first = watched_first(split.training, untrained, config, pretrain, seed, told, report)
            split, untrained = split._replace(training=first.data), first.untrained
            config, saver = second_config(config), first.saver(saver)
            calls = calls._replace(on_resume=first.on_resume(on_resume))
        best = _best_round(found, split, untrained, config, seed, saver, calls, time_limit is not None)
        if first is not None:
            best = best._replace(outcome=first.joined(best.outcome))
    found.log_prob.load_state_dict(best.outcome.learner.facts)
    return TaskOutcome(
        _models(found, best.outcome.learner),
        best.outcome,
        found.log_prob,
        best.verdict,
        best.judged,
        ended.reason if isinstance(ended, Stop) else None,
    )


def features_of(task: Task) -> list[FeaturePool]:
    """Those of its pools that hold features."""
    return [pool for pool in task.pools.values() if isinstance(pool, FeaturePool)]


def default_config(task: Task) -> TrainConfig:
    """The recipe for what the networks of a task read."""
    widths = [pool.values.shape[1] for pool in features_of(task) if pool.values.ndim == 2]
    return features_config(max(widths)) if widths else TrainConfig()


class _Calls(NamedTuple):
    """Whom training tells what, and whom it asks."""

    on_step: Callable[[Record], None]
    on_resume: Callable[[list[Record]], None]
    stop: Callable[[], bool] | None
    report: OnProgress | None = None


class _Round(NamedTuple):
    """One training run, from its first restart to the refinement, and what is said of it."""

    outcome: Outcome
    judged: Judged
    verdict: Verdict

    @property
    def rank(self) -> tuple[bool, float]:
        return self.verdict.verdict in SETTLED, self.verdict.held_out or 0.0


def _best_round(
    found: Prepared,
    split: Split,
    untrained: Mapping[str, Untrained],
    config: TrainConfig,
    seed: int,
    saver: CheckpointManager | None,
    calls: _Calls,
    again: bool,
) -> _Round:
    initial = {name: value.clone() for name, value in found.log_prob.state_dict().items()}
    best: _Round | None = None
    for number in count():
        found.log_prob.load_state_dict(initial)
        longer = replace(config, explore=round(LONGER**number * config.explore))
        mine = saver and saver.numbered(number)
        this = _round(found, split, untrained, longer, seed, number, mine, calls)
        if best is None or this.rank > best.rank:
            best = this
        over = calls.stop is not None and calls.stop()
        if best.verdict.verdict in SETTLED or not again or over:
            return best
    raise AssertionError("counting does not end")


def _round(
    found: Prepared,
    split: Split,
    untrained: Mapping[str, Untrained],
    config: TrainConfig,
    seed: int,
    number: int,
    saver: CheckpointManager | None,
    calls: _Calls,
) -> _Round:
    make_learner = learners(split.training, untrained, found.log_prob, config, seed)
    restarts, hopeless = Restarts(split.training), []

    def on_restart(learner: Learner, without_logic: Learner | None) -> None:
        restarts(learner, without_logic)
        # where the program has t(...) as well, what a restart believes of them is not yet what the refinement will
        if learner.facts or restarts.clusters_agreement is None:
            return
        if _kind(found, split, learner, restarts) == "wrong-rule":
            hopeless.append(True)

    shown = _watch(found, split, config, calls)
    on_step, on_resume = told_to(shown, calls.on_step, calls.on_resume)
    outcome = train(
        # no two rounds have a restart in common
        lambda attempt: make_learner(1000 * number + attempt),
        found.log_prob,
        config,
        on_step,
        None,
        saver,
        on_resume,
        calls.stop,
        on_restart,
        shown.look if shown is not None else lambda learner: None,
        lambda: bool(hopeless),
    )
    found.log_prob.load_state_dict(outcome.learner.facts)
    judged = evidence_of(split, found.log_prob, averages(outcome.learner), restarts)
    return _Round(outcome, judged, judge(judged.evidence))


def _kind(found: Prepared, split: Split, learner: Learner, restarts: Restarts) -> Kind:
    """What would be said of one restart."""
    evidence = evidence_of(split, found.log_prob, averages(learner), restarts, audited=False).evidence
    return judge(evidence).verdict


def _watch(found: Prepared, split: Split, config: TrainConfig, calls: _Calls) -> Watch | None:
    if calls.report is None:
        return None
    return Watch(calls.report, config, held_out_satisfaction(split.held_out, found.log_prob), calls.stop)


def averages(learner: Learner) -> dict[str, GEDI]:
    """The averaged networks of a learner, by name."""
    return {name: network.average for name, network in learner.networks.items()}


def _models(found: Prepared, learner: Learner) -> dict[str, GEDI]:
    models = averages(learner)
    for name, columns in found.columns.items():
        # trained on what was standardised, and to be given it as it comes
        models[name] = copy.deepcopy(models[name])
        models[name].standardise_by(*columns)
    return models
