"""A run that is interrupted after any step ends as if nothing had been."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn, query_log_prob
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.training.durability.checkpoint import CheckpointError
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Attempt, Record, packed, unpacked
from gedi_nesy.training.run import TrainingRun
from tests.training.blobs import learner, pairs, successor
from tests.training.runs import EVERY_PHASE, STEP, Killed, equal, interrupted, same


@pytest.fixture
def data(generator) -> QuerySet:
    return pairs(generator)


@pytest.fixture
def make_learner(data):
    return lambda attempt: learner(data, attempt, STEP)


def test_a_run_that_is_interrupted_after_every_step_ends_with_the_same_numbers(tmp_path, make_learner):
    whole = train(make_learner, successor, EVERY_PHASE)
    steps = len(whole.history)
    phases = [(record.phase, record.step) for record in whole.history]
    assert len(set(phases)) == steps
    # every phase is there: names that were found better and tested again, names that held, and the refinement
    assert ("attempt 1", 19) in phases
    assert ("attempt 2", 12) not in phases
    assert all((f"attempt {number}", 11) in phases for number in (1, 2, 3))
    assert phases[-1] == ("refine", 2)
    parts = interrupted(tmp_path, make_learner, successor, EVERY_PHASE, [1] * (steps - 1))
    same(whole, parts)


def test_a_restart_that_clusters_first_is_counted_on_and_goes_on_after_every_step(tmp_path, make_learner):
    config = replace(EVERY_PHASE, cluster=4, explore=6, refine=3, attempts=2, reconsider=3, rounds=1)
    whole = train(make_learner, successor, config)
    first = [record for record in whole.history if record.phase == "attempt 1"]
    assert [record.step for record in first] == list(range(len(first)))
    # without the rule, with it, and verified without it
    assert [record.terms["nesy"] is not None for record in first[:13]] == [False] * 4 + [True] * 6 + [
        False
    ] * 3
    same(whole, interrupted(tmp_path, make_learner, successor, config, [1] * (len(whole.history) - 1)))


@pytest.mark.parametrize("log_prob", [successor, None])
def test_checkpoints_change_no_number(tmp_path, make_learner, log_prob):
    """Saved or not, with logic or without."""
    config = replace(EVERY_PHASE, attempts=1, reconsider=0)
    whole = train(make_learner, log_prob, config)
    same(whole, interrupted(tmp_path, make_learner, log_prob, config, [3, 6]))


def test_a_run_in_bfloat16_that_is_interrupted_is_the_same_run(tmp_path, data):
    """In every phase: the average, and copies of it, compute in float32, as before the process was killed."""
    step = replace(STEP, precision="bfloat16")
    config = replace(EVERY_PHASE, step=step, explore=6, refine=5, attempts=2, reconsider=3, rounds=1)

    def make(attempt: int) -> Learner:
        return learner(data, attempt, step)

    whole = train(make, successor, config)
    steps = len(whole.history)
    same(whole, interrupted(tmp_path, make, successor, config, [1] * (steps - 1)))
    assert whole.model.precision == "float32"
    clone = whole.learner.clone()
    assert (clone.model.precision, clone.average.precision) == ("bfloat16", "float32")


def test_a_finished_run_is_not_trained_again(tmp_path, make_learner):
    saver = partial(CheckpointManager, CheckpointConfig(folder=tmp_path, seconds=0.0))
    config = replace(EVERY_PHASE, attempts=1)
    whole = train(make_learner, successor, config, saver=saver())
    assert not whole.model.training
    steps, told = [], []
    again = train(
        make_learner,
        successor,
        config,
        steps.append,
        saver=saver(),
        on_resume=told.extend,
    )
    same(whole, again)
    assert steps == []
    assert told == whole.history


def test_histories_survive_packing():
    terms = {"gen": None, "inv": -0.1, "prior": -2.3, "nesy": None, "satisfaction": 1 / 3}
    history = [
        Record("attempt 1", 0, terms),
        Record("refine", 3, {**terms, "gen": 0.1 + 0.2}),
        Record("attempt 1", 2, terms),
    ]
    assert unpacked(packed(history)) == history
    assert unpacked(packed([])) == []


def test_the_state_of_a_run_is_a_tree_that_makes_the_same_run(make_learner):
    run = TrainingRun(make_learner, successor, EVERY_PHASE)
    for _ in range(20):
        run.advance()
    again = TrainingRun(make_learner, successor, EVERY_PHASE, state=run.tree())
    equal(run.tree(), again.tree())
    assert isinstance(again.attempts, list)
    assert all(isinstance(attempt, Attempt) for attempt in again.attempts)


@pytest.mark.parametrize("forge", [{"learner": {}}, {"attempt": "x"}, {"history": None}, {"attempts": [[1]]}])
def test_a_state_that_was_forged_is_one_line(make_learner, forge):
    state = TrainingRun(make_learner, successor, EVERY_PHASE).tree() | forge
    with pytest.raises(CheckpointError, match="does not hold the state of this run"):
        TrainingRun(make_learner, successor, EVERY_PHASE, state=state)


SURE = """
nn(digit_net, [X], Y, [0,1,2,3]) :: digit(X, Y).
t(0.3) :: sure.
next(X, Y) :- sure, digit(X, A), digit(Y, B), B is A + 1.
next(X, Y) :- \\+ sure, digit(X, A), digit(Y, A).
"""


def test_learned_probabilities_of_the_program_are_part_of_the_run(tmp_path, data):
    """All pairs are successors, so `sure` is learned; and the same if the run is interrupted."""
    file = tmp_path / "sure.pl"
    file.write_text(SURE)
    phases = {"attempts": 2, "explore": 12, "reconsider": 6, "naming_every": 8, "refine": 40}
    config = replace(EVERY_PHASE, step=replace(STEP, learning_rate=1e-2), **phases)

    def learned(
        saver: CheckpointManager | None = None, on_step=lambda record: None
    ) -> tuple[Outcome, Tensor]:
        query = query_log_prob(file, "next(A, B)", ("A", "B"), 4)
        backbone = partial(ConvNet, image_size=16, width=8, num_features=16)
        outcome = learn(data, query, 4, config, backbone, start_rank=4, saver=saver, on_step=on_step)
        return outcome, query.facts().detach().exp()

    def dies(record: Record) -> None:
        if record.phase == "refine" and record.step == 20:
            raise Killed

    whole, values = learned()
    assert values.sum().item() == pytest.approx(1.0)
    assert values[0, 0].item() > 0.5, "from 0.3"
    with pytest.raises(Killed):
        learned(CheckpointManager(CheckpointConfig(folder=tmp_path, seconds=0.0)), dies)
    parts, again = learned(CheckpointManager(CheckpointConfig(folder=tmp_path, seconds=0.0)))
    same(whole, parts)
    assert torch.equal(values, again)
