"""From data and a program to a trained network: short annealed restarts, then a long refinement of the best."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

from gedi_nesy.models.gedi import GEDI
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.durability.rollback import Recovery
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.records import Attempt, Record
from gedi_nesy.training.run import TrainingRun


class Outcome(NamedTuple):
    """The averaged model of the best restart, refined, and how it came about."""

    learner: Learner
    attempts: list[Attempt]
    chosen: int
    history: list[Record]
    """every step in the order in which it was taken; phases of those that divergence made void say so"""
    recoveries: list[Recovery]
    """how often, and why, training went back to a good state: seldom at all"""
    finished: bool = True
    """False where it was stopped before its last step: the model is the best there was then"""

    @property
    def model(self) -> GEDI:
        """The averaged network of a run that has one, in eval mode: what is evaluated and saved."""
        return self.learner.average


def train(
    make_learner: Callable[[int], Learner],
    query_log_prob: QueryLogProb | None,
    config: TrainConfig,
    on_step: Callable[[Record], None] = lambda record: None,
    search_log_prob: QueryLogProb | None = None,
    saver: CheckpointManager | None = None,
    on_resume: Callable[[list[Record]], None] = lambda history: None,
    stop: Callable[[], bool] | None = None,
    on_restart: Callable[[Learner, Learner | None], None] = lambda learner, copy: None,
    watch: Callable[[Learner], None] = lambda learner: None,
    enough: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Restarts are compared by the training objective alone; no label is seen anywhere here.

    `make_learner(attempt)` begins a restart. Without logic, or with its weight at 0, no permutation can be wrong, and
    `attempts_without_queries` are made. `search_log_prob` is the same function by a faster engine, for the search of
    permutations and the comparison of restarts, which take thousands of evaluations.

    With a `saver` the run goes on from what was saved, if there is anything, after `on_resume` was told the history so
    far; it is saved now and then, and when a signal asks it to end (StoppedError). The numbers are those of a run that
    was never interrupted. With `stop`, which is asked between two steps, signals are the caller's business: where it
    says so, the run is saved, and what there is by then is the outcome. `on_restart` is given each restart of this
    process when it is over, with the copy that went on without logic, and `watch` the learner after each step; neither
    may change it. `enough` says that more training would change nothing: the best restart is the outcome, as it is.
    DivergedError if training runs away and going back does not help.
    """
    state = saver.load() if saver else None
    run = TrainingRun(make_learner, query_log_prob, config, search_log_prob, on_step, state, on_restart)
    if saver and (state is not None or saver.warnings):
        on_resume(run.history)
    with saver.catching_signals() if saver and stop is None else nullcontext():
        while not run.done and not enough() and not (stop and stop()):
            phase = run.phase
            run.advance()
            watch(run.active)
            if saver:
                saver.step(run.tree, milestone=run.phase != phase)
    if saver and not run.done:
        saver.save(run.tree)
    learner = run.learner if run.best is None else run.best
    for network in learner.networks.values():
        network.average.eval()
    return Outcome(learner, run.attempts, run.chosen, run.history, run.recoveries, run.done or enough())
