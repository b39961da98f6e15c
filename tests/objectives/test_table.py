"""An objective against the sum of its terms, computed one by one; what each row of the tables asks for."""

from dataclasses import replace

import pytest
import torch

from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.energy import energy
from gedi_nesy.objectives.entropy import entropy, entropy_of_mean
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.objectives.table import METHODS, TERMS
from gedi_nesy.objectives.term import Pair, Seen

NUM_FEATURES = 5


def constraint(log_probs: torch.Tensor) -> torch.Tensor:
    """Images 0 and 1 show the same symbol; so do 2 and 3."""
    return torch.logsumexp(log_probs[[0, 2]] + log_probs[[1, 3]], dim=1)


def labelled(log_probs: torch.Tensor) -> torch.Tensor:
    """Image 4 shows 1."""
    return log_probs[[4], [1]]


@pytest.fixture
def seen(generator) -> Seen:
    plain, augmented, samples = torch.randn(3, 6, 4, generator=generator, dtype=torch.float64)
    return Seen(plain=plain, augmented=augmented, samples=samples, constraint=constraint, labelled=labelled)


def test_the_loss_is_the_weighted_sum(seen):
    objective = {"gen": 0.3, "inv": 0.5, "prior": 0.7, "nesy": 1.1, "energy_l2": 0.2, "entropy": 0.4}
    losses = table.losses(objective, replace(seen, entropy_weight=0.25))
    terms = table.numbers(objective, losses.reported)
    p, q = (part.log_softmax(dim=1) for part in (seen.plain, seen.augmented))
    inv = (loss_inv(p, q) + loss_inv(q, p)) / 2
    softness = (entropy(p) + entropy(q)) / 2
    prior = (loss_prior(p) + loss_prior(q)) / 2
    nesy = -(constraint(p).mean() + constraint(q).mean() + labelled(p).mean() + labelled(q).mean()) / 2
    data, samples = energy(seen.plain), energy(seen.samples)
    gen = data.mean() - samples.mean() + 0.2 * ((data**2).mean() + (samples**2).mean())
    expected = 0.3 * gen + 0.5 * (inv - 0.75 * softness) + 0.7 * prior + 1.1 * nesy - 0.4 * entropy_of_mean(p)
    assert losses.total.item() == pytest.approx(expected.item())
    assert terms == {
        "gen": pytest.approx((samples.mean() - data.mean()).item()),
        "inv": pytest.approx(-inv.item()),
        "prior": pytest.approx(-prior.item()),
        "nesy": pytest.approx(-nesy.item()),
        "satisfaction": pytest.approx(constraint(p).exp().mean().item()),
    }


def test_the_papers_loss_takes_one_direction(seen):
    losses = table.losses({"inv": 50.0, "prior": 10.0}, replace(seen, both_views=False))
    p, q = seen.plain.softmax(dim=1), seen.augmented.softmax(dim=1)
    inv, prior = -(q * p.log()).sum(dim=1).mean(), -p.mean(dim=0).log().mean()
    assert losses.total.item() == pytest.approx((50 * inv + 10 * prior).item())


def test_terms_that_are_off_are_none_and_need_nothing(generator):
    plain, augmented = torch.randn(2, 6, 4, generator=generator)
    objective = {**METHODS["GEDI"], "gen": 0.0, "nesy": 0.0}
    terms = table.numbers(objective, table.losses(objective, Seen(plain=plain, augmented=augmented)).reported)
    assert [name for name, value in terms.items() if value is None] == ["gen", "nesy", "satisfaction"]
    assert not table.needs(objective, "samples")
    assert not table.needs(objective, "queries")
    assert table.needs(METHODS["JEM"], "samples")


def test_multiplying_what_needs_samples_leaves_the_rest_alone():
    without = table.times(METHODS["GEDI"], "samples", 0.0)
    assert without == {**METHODS["GEDI"], "gen": 0.0}
    assert table.weight(without, "energy_l2") == 0, "the penalty is a multiple of L_GEN"


@pytest.mark.parametrize("value", [-0.5, float("nan"), float("inf")])
def test_bad_weights_are_named(value):
    with pytest.raises(ValueError, match="weight_prior="):
        table.checked({"prior": value})


def test_unknown_terms_are_named():
    with pytest.raises(ValueError, match="no term is called 'energy'; there are inv, prior"):
        table.checked({"energy": 1.0})


def outputs(objective, features: torch.Tensor, images: torch.Tensor, generator) -> dict[str, Pair]:
    """What the modules of an objective's terms give for two views."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = GEDI(ConvNet(image_size=images.shape[-1], width=8, num_features=NUM_FEATURES), 4)
    made = table.modules(objective, network, generator)
    rows = {
        name: Pair(*(module(*view) for view in zip(images, features, strict=True)))
        for name, module in made.items()
    }
    return table.joint(made, rows)


@pytest.mark.parametrize("name", [*TERMS, *METHODS])
def test_every_row_gives_a_finite_loss_and_gradients_and_the_same_ones_again(name):
    """Terms and methods: a new row is tested by being listed."""
    objective = METHODS.get(name, {name: 1.0, "gen": 1.0} if name == "energy_l2" else {name: 1.0})
    found = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(0)
        plain, augmented, samples = torch.randn(3, 6, 4, generator=generator).requires_grad_()
        features = torch.randn(2, 6, NUM_FEATURES, generator=generator).requires_grad_()
        seen = Seen(
            plain=plain,
            augmented=augmented,
            samples=samples if table.needs(objective, "samples") else None,
            constraint=constraint if table.needs(objective, "queries") else None,
            outputs=outputs(objective, features, torch.rand(2, 6, 1, 8, 8, generator=generator), generator),
        )
        losses = table.losses(table.checked(objective), seen)
        assert losses.total.isfinite()
        gradient = torch.autograd.grad(losses.total, [plain, features], allow_unused=True)
        used = [each for each in gradient if each is not None]
        assert any(each.abs().sum() > 0 for each in used)
        assert all(each.isfinite().all() for each in used)
        found.append((losses.total.item(), table.numbers(objective, losses.reported)))
        assert all(key in found[0][1] for key in table.ALWAYS_REPORTED)
    assert found[0] == found[1]
