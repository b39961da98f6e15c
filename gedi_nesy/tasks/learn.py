"""From a task to trained networks, and to a verdict on what their symbols mean."""

import copy
import os
from collections.abc import Callable
from typing import NamedTuple

from torch import Generator

from gedi_nesy.audit.verdict import Verdict, judge
from gedi_nesy.logic import Program
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.evidence import Judged, evidence_of
from gedi_nesy.tasks.hold_out import hold_out
from gedi_nesy.tasks.prepare import Prepared, prepare
from gedi_nesy.tasks.programs import TaskLogProb
from gedi_nesy.tasks.task import Task
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Record
from gedi_nesy.training.restarts import Untrained, learners
from gedi_nesy.training.seeds import streams


class TaskOutcome(NamedTuple):
    """The averaged networks of the best attempt by name, refined, and how they came about."""

    models: dict[str, GEDI]
    training: Outcome
    log_prob: TaskLogProb
    """the compiled queries, with the t(...) as they were learned"""
    verdict: Verdict
    """whether the symbols mean what the rule says, as far as held-out queries tell"""
    judged: Judged
    """what the verdict is made of: what is read in each query, and whether it holds"""

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
) -> TaskOutcome:
    """Train the networks of a task on its queries, all together; `.models` of the outcome is what to keep.

    Batches mix templates; each network is called once a step and each template's circuit once. Objective, restarts and
    verification are those of `learn`; L_INV, L_PRIOR and L_GEN are added up over the networks. `held_out` is the share
    of the queries that training does not see, and by which `.verdict` is found: by default 15%, but at least 20 and at
    most 500 queries, and never more than a third; with 0 all are trained on, and nothing can be said to be grounded.
    ValueError says what of the task does not fit.
    """
    config = config or TrainConfig()
    found = prepare(task, config.step.sgld.bounds)
    split = hold_out(Generator().manual_seed(streams(seed)[1]), found.data, held_out)
    untrained = {
        name: Untrained(found.backbones[name], found.num_clusters[name], found.start_ranks[name])
        for name in found.data.networks
    }
    make_learner = learners(split.training, untrained, found.log_prob, config, seed)
    outcome = train(make_learner, found.log_prob, config, on_step, None, saver, on_resume, stop)
    found.log_prob.load_state_dict(outcome.learner.facts)
    judged = evidence_of(split, found.log_prob, averages(outcome.learner))
    return TaskOutcome(
        _models(found, outcome.learner), outcome, found.log_prob, judge(judged.evidence), judged
    )


def averages(learner: Learner) -> dict[str, GEDI]:
    """The averaged networks of a learner, by name."""
    return {name: network.average for name, network in learner.networks.items()}


def _models(found: Prepared, learner: Learner) -> dict[str, GEDI]:
    models = averages(learner)
    for name, limits in found.ranges.items():
        # trained on points in [0, 1], and to be given them as they come
        models[name] = copy.deepcopy(models[name])
        models[name].standardise_by(*limits)
    return models
