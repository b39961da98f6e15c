"""A run that is interrupted after any step, and one that diverges: what they end with."""

import re
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn, query_log_prob
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.objectives.table import Terms
from gedi_nesy.sampling import sgld
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.divergence import DivergedError, GuardConfig
from gedi_nesy.training.durability import snapshot
from gedi_nesy.training.durability.checkpoint import CheckpointError
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.evaluation import evaluate
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Attempt, Record, packed, unpacked
from gedi_nesy.training.run import TrainingRun
from tests.training.blobs import SMALL, learner, objective, pairs, successor

GUARD = GuardConfig(good_every=5, settle=5)
STEP = replace(SMALL, guard=GUARD)
EVERY_PHASE = TrainConfig(
    step=STEP,
    attempts=3,
    explore=12,
    refine=11,
    reconsider=6,
    rounds=2,
    naming_every=8,
    hold=0.99,
    accept_queries=10,
)


@pytest.fixture
def data(generator) -> QuerySet:
    return pairs(generator)


@pytest.fixture
def make_learner(data):
    return lambda attempt: learner(data, attempt, STEP)


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


def test_a_run_that_is_interrupted_after_every_step_ends_with_the_same_numbers(tmp_path, make_learner):
    whole = train(make_learner, successor, EVERY_PHASE)
    steps = len(whole.history)
    phases = [(record.phase, record.step) for record in whole.history]
    assert len(set(phases)) == steps
    # every phase is there: names that were found better and tested again, names that held, and the refinement
    assert ("attempt 1", 29) in phases
    assert ("attempt 2", 18) not in phases
    assert all((f"attempt {number}", 17) in phases for number in (1, 2, 3))
    assert phases[-1] == ("refine", 10)
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
    same(whole, interrupted(tmp_path, make_learner, log_prob, config, [7, 9]))


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


class Faulty:
    """Does something to a learner at given steps of its life, once each."""

    def __init__(self, data: QuerySet, faults: dict[int, object], config=STEP):
        self.data, self.faults, self.config = data, dict(faults), config

    def __call__(self, attempt: int) -> Learner:
        made = learner(self.data, attempt, self.config)
        step = made.step

        def faulty(*arguments, **keywords) -> Terms:
            if made.steps in self.faults:
                self.faults.pop(made.steps)(made)
            return step(*arguments, **keywords)

        made.step = faulty
        return made


def nan_in_weights(one: Learner) -> None:
    with torch.no_grad():
        one.model.output.weight[0, 0] = float("nan")


def nan_in_average(one: Learner) -> None:
    with torch.no_grad():
        next(one.average.parameters()).flatten()[0] = float("nan")


def nan_in_chains(one: Learner) -> None:
    one.only.replay.chains[:] = float("nan")


def weights_blown_up(one: Learner) -> None:
    with torch.no_grad():
        for parameter in one.model.parameters():
            parameter.mul_(30.0)


ALONE = TrainConfig(step=STEP, explore=1, refine=60)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            nan_in_weights,
            r"outputs for .* are not finite: the network \(ConvNet\) gives nan for cluster 0 of image 0 ",
        ),
        (nan_in_chains, "outputs for 4 of .* are not finite"),
        (nan_in_average, "average .* holds values that are not finite"),
        (weights_blown_up, "the gradient explodes|runs away|beyond 1e\\+03"),
    ],
)
def test_a_fault_is_noticed_and_the_run_goes_on_from_a_good_state(data, fault, reason):
    outcome = train(Faulty(data, {33: fault}), None, ALONE)
    assert len(outcome.recoveries) == 1
    (recovery,) = outcome.recoveries
    assert re.search(reason, recovery.reason)
    assert recovery.phase == "refine"
    # step 33 of the learner is step 32 of the refinement; noticed at once, or at the next state that is kept
    assert 32 <= recovery.step <= 35
    assert recovery.back_to == 25, "the state of step 30 had not proved itself yet"
    assert recovery.caution == 1
    assert outcome.learner.steps == 61
    for tensor in (*outcome.model.state_dict().values(), outcome.learner.only.replay.chains):
        assert tensor.isfinite().all()
    steps = {
        phase: [record.step for record in outcome.history if record.phase == phase]
        for phase in ("refine", "refine, void after rollback 1")
    }
    assert steps["refine"] == list(range(60))
    assert steps["refine, void after rollback 1"] == list(range(25, recovery.step))


def test_going_back_means_new_chains_other_numbers_and_smaller_steps(data):
    one = learner(data, 0, STEP)
    for _ in range(3):
        one.step(None, objective(), 1e-3)
    good = snapshot.take(one, chains=False)
    weights, chains = one.model.output.weight.clone(), one.only.replay.chains.clone()
    generator = one.generator.get_state()
    snapshot.roll_back(one, good)
    assert torch.equal(one.model.output.weight, weights)
    assert not torch.equal(one.only.replay.chains, chains)
    assert not torch.equal(one.generator.get_state(), generator)
    one.step(None, objective(), 1e-3)
    assert one.optimizer.param_groups[0]["lr"] == 5e-4
    twin = learner(data, 0, STEP)
    for _ in range(3):
        twin.step(None, objective(), 1e-3)
    snapshot.roll_back(twin, snapshot.take(twin, chains=False))
    twin.step(None, objective(), 1e-3)
    equal(snapshot.take(one), snapshot.take(twin))


def test_the_sampler_takes_smaller_steps_at_the_same_temperature():
    config = sgld.SGLDConfig(step_size=0.8, noise=0.04)
    gentle = sgld.with_smaller_steps(config, 2)
    assert gentle.step_size == pytest.approx(0.2)
    assert gentle.noise == pytest.approx(0.02)
    assert gentle.noise_scale**2 / gentle.step_size == pytest.approx(config.noise_scale**2 / config.step_size)
    assert sgld.with_smaller_steps(config, 0) == config
    own = sgld.SGLDConfig(step_size=0.8, noise=None)
    assert sgld.with_smaller_steps(own, 2).noise_scale == pytest.approx(own.noise_scale / 2)


@pytest.mark.parametrize(("learning_rate", "returns"), [(0.1, False), (0.5, True)])
def test_a_learning_rate_that_is_too_high_is_halved_until_it_is_not(data, learning_rate, returns):
    """Energies run away at 0.5 and stay where they are at 0.1, also when L_GEN sets in after all is learned."""
    step = replace(SMALL, learning_rate=learning_rate)
    config = TrainConfig(step=step, explore=100, refine=200, attempts=1, reconsider=0, naming_every=25)
    outcome = train(lambda attempt: learner(data, attempt, step), successor, config)
    assert bool(outcome.recoveries) == returns
    assert all("runs away" in recovery.reason for recovery in outcome.recoveries)
    last = evaluate(outcome.learner, successor, config.objective)
    assert last["satisfaction"] is not None
    assert last["satisfaction"] > 0.99


def test_a_learning_rate_of_ten_ends_with_a_sentence(data):
    """Halved three times it is still 1.25: no number is made up."""
    config = replace(ALONE, step=replace(STEP, learning_rate=10.0), refine=400, warmup=1)
    with pytest.raises(DivergedError) as ended:
        train(lambda attempt: learner(data, attempt, config.step), None, config)
    message = str(ended.value)
    assert message.startswith("training diverged in refine; 3 rollbacks with smaller steps did not help")
    assert "the terms are {'gen'" in message
    evidence = ended.value.evidence
    assert len(evidence["recoveries"]) == 3
    assert evidence["history"][0].step == 0
    assert evidence["statistics"]["gradient_norm"] > 0
    kept = [(record.phase, record.step) for record in evidence["history"]]
    assert len(set(kept)) == len(kept), "steps that were taken again are told apart"


def test_a_sampler_that_always_fails_ends_with_a_sentence(data):
    one = learner(data, 0, STEP)
    one.only.sgld = replace(STEP.sgld, step_size=1e30)
    with pytest.raises(DivergedError, match=r"did not help.*(saturated|energy of the samples)"):
        train(lambda attempt: one, None, ALONE)


def test_nan_in_data_is_named_before_anything_is_trained(data):
    data.images[17, 0, 3, 5] = float("nan")
    with pytest.raises(ValueError, match=r"image 17 holds nan at \[0, 3, 5\]"):
        learn(data, successor, 4)


def test_a_run_that_diverges_and_is_interrupted_is_the_same_run(tmp_path, data):
    """Killed before, within and after the return to a good state."""
    whole = train(Faulty(data, {13: nan_in_weights}), None, replace(ALONE, refine=25))
    assert len(whole.recoveries) == 1
    faults = Faulty(data, {13: nan_in_weights})
    same(whole, interrupted(tmp_path, faults, None, replace(ALONE, refine=25), [1] * 22))


def test_healthy_runs_raise_no_alarm(make_learner):
    config = replace(EVERY_PHASE, explore=100, refine=200)
    assert train(make_learner, successor, config).recoveries == []


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
    config = replace(EVERY_PHASE, attempts=2, refine=40, step=replace(STEP, learning_rate=1e-2))

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
