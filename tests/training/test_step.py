"""The joint loss against the sum of its terms, computed one by one."""

import math

import pytest
import torch

from gedi_nesy.objectives import terms as objectives
from gedi_nesy.training.schedule import annealed, cosine
from gedi_nesy.training.step import Views, Weights, joint_loss


@pytest.fixture
def views(generator) -> Views:
    plain, augmented, samples = torch.randn(3, 6, 4, generator=generator, dtype=torch.float64)
    return Views(plain, augmented, samples)


def constraint(log_probs: torch.Tensor) -> torch.Tensor:
    """Images 0 and 1 show the same symbol; so do 2 and 3."""
    return torch.logsumexp(log_probs[[0, 2]] + log_probs[[1, 3]], dim=1)


def test_the_loss_is_the_weighted_sum(views):
    weights = Weights(gen=0.3, inv=0.5, prior=0.7, nesy=1.1, magnitude=0.2)
    loss, terms = joint_loss(views, constraint, weights, entropy_weight=0.25)
    p, q = (part.log_softmax(dim=1) for part in views[:2])
    inv = (objectives.loss_inv(p, q) + objectives.loss_inv(q, p)) / 2
    softness = (objectives.entropy(p) + objectives.entropy(q)) / 2
    prior = (objectives.loss_prior(p) + objectives.loss_prior(q)) / 2
    nesy = -(constraint(p).mean() + constraint(q).mean()) / 2
    data, samples = objectives.energy(views.plain), objectives.energy(views.samples)
    gen = data.mean() - samples.mean() + 0.2 * ((data**2).mean() + (samples**2).mean())
    expected = 0.3 * gen + 0.5 * (inv - 0.75 * softness) + 0.7 * prior + 1.1 * nesy
    assert loss.item() == pytest.approx(expected.item())
    assert terms.inv == pytest.approx(-inv.item())
    assert terms.gen == pytest.approx((samples.mean() - data.mean()).item())
    assert terms.satisfaction == pytest.approx(constraint(p).exp().mean().item())


def test_terms_that_are_off_are_none(views):
    _, terms = joint_loss(Views(views.plain, views.augmented, None), None, Weights())
    assert terms.gen is None
    assert terms.nesy is None
    assert terms.satisfaction is None


@pytest.mark.parametrize("value", [-0.5, float("nan"), float("inf")])
def test_bad_weights_are_named(value):
    with pytest.raises(ValueError, match="weight_prior="):
        Weights(prior=value)


def test_schedules():
    assert [annealed(x, -1.0) for x in (0.0, 0.1, 0.4, 0.7, 1.0)] == pytest.approx([-1, -1, 0, 1, 1])
    assert annealed(0.0, 1.0) == 1.0
    assert cosine(0, 100, warmup=10) == pytest.approx(0.1)
    assert cosine(50, 100, warmup=10) == pytest.approx(0.5)
    assert cosine(99, 100, warmup=10) == pytest.approx((1 + math.cos(0.99 * math.pi)) / 2)
