"""Short runs of every phase, killed and resumed, and what it means that two are the same."""

from dataclasses import replace

import pytest
from torch import Tensor

from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.divergence import GuardConfig
from gedi_nesy.training.durability import snapshot
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Record
from tests.training.blobs import SMALL

GUARD = GuardConfig(good_every=5, settle=5)
STEP = replace(SMALL, guard=GUARD)
EVERY_PHASE = TrainConfig(
    step=STEP,
    attempts=3,
    explore=8,
    refine=3,
    reconsider=4,
    rounds=2,
    naming_every=6,
    hold=0.99,
    accept_queries=10,
)
ALONE = TrainConfig(step=STEP, explore=1, refine=60)


class Killed(Exception):
    pass


def same(first: Outcome, second: Outcome) -> None:
    """Equal bit for bit in all that a run ends with."""
    assert (first.attempts, first.chosen) == (second.attempts, second.chosen)
    assert first.history == second.history
    assert first.recoveries == second.recoveries
    ends = [snapshot.take(outcome.learner) for outcome in (first, second)]
    equal(*ends)


def equal(first, second) -> None:
    if isinstance(first, Tensor):
        assert (first.dtype, first.shape) == (second.dtype, second.shape)
        assert first.numpy().tobytes() == second.numpy().tobytes(), "bit for bit, NaN included"
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            equal(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            equal(one, other)
    else:
        assert first == second


def interrupted(folder, make_learner, log_prob, config, kills) -> Outcome:
    """Train; after each number of steps in `kills` the process is gone, and another one goes on."""

    def dies_after(limit: int):
        count = 0

        def on_step(record: Record) -> None:
            nonlocal count
            count += 1
            if count > limit:
                raise Killed

        return on_step

    for limit in kills:
        saver = CheckpointManager(CheckpointConfig(folder=folder, seconds=0.0))
        with pytest.raises(Killed):
            train(make_learner, log_prob, config, dies_after(limit), saver=saver)
    return train(
        make_learner, log_prob, config, saver=CheckpointManager(CheckpointConfig(folder=folder, seconds=0.0))
    )
