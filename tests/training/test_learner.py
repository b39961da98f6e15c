"""Training on images whose answer is known: four blobs, one a quadrant, and a rule on pairs of them."""

from dataclasses import replace

import pytest
import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.metrics import clustering
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Terms
from gedi_nesy.training.config import StepConfig, TrainConfig
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.evaluation import evaluate
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import train
from gedi_nesy.training.permutation.step import improve_permutation, permute_clusters
from gedi_nesy.training.records import Attempt
from gedi_nesy.training.run import TrainingRun
from tests.training.blobs import CLASSES, SMALL, blobs, learner, objective, pairs, successor


@pytest.fixture
def data(generator) -> QuerySet:
    return pairs(generator)


@pytest.fixture(scope="module")
def trained() -> Learner:
    """One that has found the clusters and their names; whoever changes it takes a clone."""
    one = learner(pairs(torch.Generator().manual_seed(0)))
    for entropy_weight in (0.0, 1.0):
        for _ in range(100):
            one.step(successor, objective(gen=0.0), 3e-3, entropy_weight)
    return one


def terms_of(**values: float) -> Terms:
    return dict.fromkeys(table.ALWAYS_REPORTED) | values


def test_the_rule_names_the_clusters(data, generator):
    config = TrainConfig(
        objective=objective(gen=0.1),
        step=SMALL,
        explore=100,
        refine=20,
        attempts=4,
        naming_every=25,
        reconsider=20,
        accept_queries=10,
    )
    outcome = train(lambda attempt: learner(data, attempt), successor, config)
    labels = torch.arange(80) % CLASSES
    predictions = outcome.learner.average.log_probs(blobs(labels, generator)).argmax(dim=1)
    assert (predictions == labels).float().mean() > 0.95
    assert [record.phase for record in outcome.history].count("refine") == 20
    if not outcome.attempts[-1].accepted(60, config):
        best = max(range(len(outcome.attempts)), key=lambda k: outcome.attempts[k].objective)
        assert outcome.chosen == best
    else:
        assert outcome.chosen == len(outcome.attempts) - 1


@pytest.mark.parametrize(("held", "chosen"), [(0.9, 1), (0.5, 0), (None, 0)])
def test_a_restart_that_was_accepted_is_kept_even_if_an_earlier_one_has_the_better_objective(
    data, held, chosen
):
    config = TrainConfig(step=SMALL, explore=1, attempts=2, accept=-100.0, accept_queries=60)
    run = TrainingRun(lambda attempt: learner(data, attempt), successor, config)
    run.attempts.append(
        Attempt(2.0, terms_of(inv=-0.1, prior=-1.4, nesy=-0.1, satisfaction=0.9), 1000.0, held=None)
    )
    run.best, run.attempt = learner(data), 1
    run._conclude(learner(data), held)
    assert run.chosen == chosen
    assert run.phase == "refine"


def test_the_same_seed_gives_the_same_weights(data):
    runs = []
    for _ in range(2):
        one = learner(data)
        for _ in range(3):
            one.step(successor, objective(), 1e-3)
        runs.append(one)
    for first, second in zip(runs[0].average.parameters(), runs[1].average.parameters(), strict=True):
        assert torch.equal(first, second)
    assert torch.equal(runs[0].only.replay.chains, runs[1].only.replay.chains)


def test_renaming_keeps_everything_but_the_names(trained):
    one = trained.clone()
    right = evaluate(one, successor, objective())
    assert right["satisfaction"] is not None
    assert right["satisfaction"] > 0.8
    one.permute(torch.tensor([2, 0, 3, 1]))
    wrong = evaluate(one, successor, objective())
    assert wrong["inv"] == pytest.approx(right["inv"], abs=1e-4)
    assert wrong["prior"] == pytest.approx(right["prior"], abs=1e-4)
    assert wrong["nesy"] is not None
    assert wrong["nesy"] < -1
    naming = permute_clusters(one, successor)
    assert naming.permutations[0].tolist() == [1, 3, 0, 2]
    again = evaluate(one, successor, objective())
    assert again["nesy"] == pytest.approx(right["nesy"], abs=1e-4)
    drawn = one.generator.get_state()
    assert not improve_permutation(one, successor), "nothing is left to improve"
    one.permute(torch.tensor([0, 2, 1, 3]))
    assert not improve_permutation(one, successor, evidence=1e4), "no gain is as large as that"
    assert improve_permutation(one, successor)
    mended = evaluate(one, successor, objective())
    assert mended["nesy"] == pytest.approx(right["nesy"], abs=1e-4)
    assert torch.equal(one.generator.get_state(), drawn), "what is drawn later does not depend on it"


def test_a_clone_learns_on_by_itself(data):
    """Two clones take the same steps as each other and leave the original alone."""
    one = learner(data)
    for _ in range(3):
        one.step(successor, objective(), 1e-3)
    before = one.generator.get_state(), one.model.output.weight.clone(), one.only.replay.chains.clone()
    clones = one.clone(), one.clone()
    for clone in clones:
        assert torch.equal(clone.generator.get_state(), before[0]), "a copy draws nothing"
        assert torch.equal(clone.only.replay.chains, before[2])
    ends = [[clone.step(successor, objective(), 1e-3) for _ in range(3)] for clone in clones]
    assert ends[0] == ends[1]
    assert torch.equal(one.generator.get_state(), before[0])
    assert torch.equal(one.model.output.weight, before[1])
    assert torch.equal(one.only.replay.chains, before[2])


def swapped(blocks: torch.Tensor) -> torch.Tensor:
    """The same rule about other names: 0 is called 1, and 1 is called 0."""
    return successor(blocks[:, :, [1, 0, 2, 3]])


def test_names_that_the_logic_contradicts_do_not_hold(data, trained):
    """Trained under one rule and tested under another, names are mended; tested under the same rule, they hold."""
    one = trained.clone()

    def tested(rule) -> TrainingRun:
        """A run whose only restart ends with this learner."""
        config = TrainConfig(step=SMALL, reconsider=20, rounds=2, attempts=1, naming_every=0)
        run = TrainingRun(lambda attempt: one, rule, config)
        run.step = config.explore - 1
        while not run.attempts:
            run.advance()
        return run

    run = tested(successor)
    assert run.learner is one
    assert run.attempts[0].held is not None
    assert run.attempts[0].held > 0.8
    run = tested(swapped)
    assert run.attempts[0].held is not None
    assert run.attempts[0].held > 0.8
    # steps of verification go on counting after those of the restart
    assert [record.step for record in run.history[1:]] == list(range(350, 410))
    other = run.learner
    here, there = (each.model.log_probs(data.images).argmax(dim=1) for each in (one, other))
    assert (torch.tensor([1, 0, 2, 3])[here] == there).float().mean() > 0.95


def test_a_restart_is_accepted_if_the_permutation_held_and_much_is_explained():
    terms = terms_of(inv=-0.2, prior=-1.4, nesy=-0.3, satisfaction=0.9)
    attempt, config = Attempt(2.0, terms, -3.3, held=0.9), TrainConfig(accept_queries=60)
    assert attempt.accepted(60, config)
    assert not attempt.accepted(59, config)
    assert not attempt._replace(held=0.8).accepted(60, config)
    assert not attempt._replace(held=None).accepted(60, config)
    assert not attempt._replace(terms={**terms, "nesy": -0.9}).accepted(60, config)


def test_without_logic_there_is_one_restart(data):
    config = TrainConfig(step=SMALL, explore=2, refine=1, attempts=5)
    outcome = train(lambda attempt: learner(data, attempt), None, config)
    assert len(outcome.attempts) == 1
    assert outcome.history[0].terms["nesy"] is None


def test_images_alone_are_enough_for_standalone_gedi(generator):
    labels = torch.randint(CLASSES, (80,), generator=generator)
    alone = QuerySet(blobs(labels, generator), torch.empty(0, 1, dtype=torch.long), torch.arange(80))
    outcome = train(
        lambda attempt: learner(alone, attempt), None, TrainConfig(step=SMALL, explore=100, refine=100)
    )
    found = outcome.model.log_probs(alone.images).argmax(dim=1).numpy()
    assert clustering.clustering_accuracy(labels.numpy(), found, CLASSES) > 0.95


def test_a_loss_that_is_not_finite_stops_before_the_update(data):
    one = learner(data)
    with torch.no_grad():
        one.model.output.bias[0] = float("nan")
    before = one.model.output.weight.clone()
    with pytest.raises(DivergedError, match=r"step 0: the outputs for .* are not finite"):
        one.step(successor, objective(gen=0.0), 1e-3)
    assert torch.equal(one.model.output.weight, before)


def test_objective_leaves_out_what_cannot_be_compared():
    terms = terms_of(gen=100.0, inv=-0.5, prior=-1.0, nesy=-0.25, satisfaction=0.9)
    assert table.value(objective(gen=1.0, inv=2.0, prior=3.0, nesy=4.0), terms) == -1.0 - 3.0 - 1.0


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (StepConfig, "batch_size", 0),
        (StepConfig, "learning_rate", -1.0),
        (StepConfig, "ema", 1.0),
        (StepConfig, "batch_samples", 9999),
        (TrainConfig, "attempts", 0),
        (TrainConfig, "refine", -1),
        (TrainConfig, "entropy_start", 2.0),
    ],
)
def test_bad_settings_are_named(kind, field, value):
    with pytest.raises(ValueError, match=f"{field}={value}"):
        kind(**{field: value})


def test_bfloat16_is_the_encoders_alone(data):
    """Terms close to those in float32; chains, logits, weights and their gradients are float32."""
    exact, rough = (learner(data, config=replace(SMALL, precision=name)) for name in ("float32", "bfloat16"))
    for each in (exact, rough):
        each.only.config = replace(each.only.config, sgld=replace(SMALL.sgld, noise=0.0))
    expected, found = (each.step(successor, objective(), 1e-3) for each in (exact, rough))
    for name in ("gen", "inv", "prior", "nesy"):
        assert found[name] == pytest.approx(expected[name], rel=0.05, abs=0.05)
        assert found[name] != expected[name]
    assert rough.only.replay.chains.dtype == torch.float32
    assert rough.model(data.images[:2]).dtype == torch.float32
    assert {parameter.grad.dtype for parameter in rough.model.parameters()} == {torch.float32}
    assert rough.average.precision == "float32"


@pytest.mark.parametrize("native", [True, False])
def test_auto_takes_the_steps_of_the_precision_that_it_chooses(data, monkeypatch, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    chosen = "bfloat16" if native else "float32"
    auto, given = (learner(data, config=replace(SMALL, precision=name)) for name in ("auto", chosen))
    assert auto.config.precision == auto.clone().config.precision == chosen
    assert auto.step(successor, objective(), 1e-3) == given.step(successor, objective(), 1e-3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_network_takes_the_same_step(data):
    plain, compiled = (learner(data, config=replace(SMALL, compile=flag)) for flag in (False, True))
    for _ in range(2):
        expected, found = (each.step(successor, objective(), 1e-3) for each in (plain, compiled))
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert torch.allclose(plain.only.replay.chains, compiled.only.replay.chains, atol=1e-4)
    assert compiled.clone().step(successor, objective(), 1e-3)["inv"] < 0
