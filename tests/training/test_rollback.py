"""A run that diverges: what is noticed, where it goes back to, and what it ends with."""

import re
from dataclasses import replace

import pytest
import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn
from gedi_nesy.objectives.table import Terms
from gedi_nesy.sampling import sgld
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.durability import snapshot
from gedi_nesy.training.evaluation import evaluate
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import train
from tests.training.blobs import SMALL, learner, objective, pairs, successor
from tests.training.runs import ALONE, EVERY_PHASE, STEP, equal, interrupted, same


@pytest.fixture
def data(generator) -> QuerySet:
    return pairs(generator)


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


@pytest.mark.parametrize(
    ("learning_rate", "explore", "refine", "returns"), [(0.1, 80, 80, False), (0.5, 100, 200, True)]
)
def test_a_learning_rate_that_is_too_high_is_halved_until_it_is_not(
    data, learning_rate, explore, refine, returns
):
    """Energies run away at 0.5 and stay where they are at 0.1, also when L_GEN sets in after all is learned."""
    step = replace(SMALL, learning_rate=learning_rate)
    config = TrainConfig(step=step, explore=explore, refine=refine, attempts=1, reconsider=0, naming_every=25)
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


def test_healthy_runs_raise_no_alarm(data):
    config = replace(EVERY_PHASE, attempts=1, explore=60, refine=60)
    assert train(lambda attempt: learner(data, attempt, STEP), successor, config).recoveries == []
