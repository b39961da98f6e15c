"""Each term against numpy, by hand-computed values, and at the collapses of Theorem 1."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp as scipy_logsumexp
from scipy.stats import entropy as scipy_entropy

from gedi_nesy.objectives.energy import energy, energy_l2
from gedi_nesy.objectives.entropy import entropy, entropy_of_mean
from gedi_nesy.objectives.gen import loss_gen
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior


@pytest.fixture
def logits(generator) -> torch.Tensor:
    return torch.randn(7, 4, generator=generator, dtype=torch.float64) * 3


@pytest.fixture
def other(generator) -> torch.Tensor:
    return torch.randn(7, 4, generator=generator, dtype=torch.float64).log_softmax(dim=1)


def test_energy_is_minus_logsumexp(logits):
    assert np.allclose(energy(logits).numpy(), -scipy_logsumexp(logits.numpy(), axis=1))


def test_energy_survives_large_logits():
    assert energy(torch.tensor([[1e4, 0.0]])).item() == -1e4


def test_loss_gen_is_the_difference_of_mean_energies():
    assert loss_gen(torch.tensor([1.0, 3.0]), torch.tensor([5.0])).item() == -3.0


def test_loss_inv_is_the_cross_entropy(logits, other):
    log_probs = logits.log_softmax(dim=1)
    expected = [-(math.e**q * p).sum() for p, q in zip(log_probs.numpy(), other.numpy(), strict=True)]
    assert loss_inv(log_probs, other).item() == pytest.approx(np.mean(expected))


def test_loss_inv_is_divergence_plus_entropy(logits, other):
    log_probs = logits.log_softmax(dim=1)
    pairs = list(zip(log_probs.exp().numpy(), other.exp().numpy(), strict=True))
    divergence = np.mean([scipy_entropy(q, p) for p, q in pairs])
    assert entropy(other).item() == pytest.approx(np.mean([scipy_entropy(q) for _, q in pairs]))
    assert loss_inv(log_probs, other).item() == pytest.approx(divergence + entropy(other).item())


def test_loss_prior_is_the_cross_entropy_with_the_batch_mean(logits):
    log_probs = logits.log_softmax(dim=1)
    mean = log_probs.exp().mean(dim=0).numpy()
    assert loss_prior(log_probs).item() == pytest.approx(-np.log(mean).mean())
    prior = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    assert loss_prior(log_probs, prior).item() == pytest.approx(-(prior.numpy() * np.log(mean)).sum())


def test_loss_prior_is_least_when_all_clusters_are_used_alike():
    one_each = torch.eye(4).mul(50.0).log_softmax(dim=1)
    assert loss_prior(one_each).item() == pytest.approx(math.log(4))


def test_loss_prior_is_not_linear_in_the_batch():
    one_each = torch.eye(2).mul(50.0).log_softmax(dim=1)
    halves = [loss_prior(part).item() for part in one_each.split(1)]
    assert np.mean(halves) > loss_prior(one_each).item() + 10


def test_collapse_is_free_for_inv_and_dear_for_prior():
    collapsed = torch.tensor([[50.0, 0, 0]]).expand(6, 3).log_softmax(dim=1)
    assert loss_inv(collapsed, collapsed).item() == pytest.approx(0, abs=1e-6)
    assert loss_prior(collapsed).item() > 10


def test_energy_l2_is_the_mean_square():
    assert energy_l2(torch.tensor([3.0, -4.0])).item() == 12.5


def test_entropy_of_mean_is_scipys(logits):
    log_probs = logits.log_softmax(dim=1)
    expected = scipy_entropy(log_probs.exp().mean(dim=0).numpy())
    assert entropy_of_mean(log_probs).item() == pytest.approx(expected)


def test_leading_axes_are_several_models(generator):
    logits, other = torch.randn(2, 3, 7, 4, generator=generator).log_softmax(dim=-1)
    for together, alone in (
        (loss_inv(logits, other), [loss_inv(*pair) for pair in zip(logits, other, strict=True)]),
        (loss_prior(logits), [loss_prior(each) for each in logits]),
        (entropy(logits), [entropy(each) for each in logits]),
        (entropy_of_mean(logits), [entropy_of_mean(each) for each in logits]),
        (energy_l2(energy(logits)), [energy_l2(energy(each)) for each in logits]),
        (
            loss_gen(energy(logits), energy(other)),
            [loss_gen(energy(one), energy(two)) for one, two in zip(logits, other, strict=True)],
        ),
    ):
        assert together.shape == (3,)
        torch.testing.assert_close(together, torch.stack(alone), rtol=1e-6, atol=1e-7)


def test_gradients(logits):
    def terms(logits: torch.Tensor) -> torch.Tensor:
        log_probs = logits.log_softmax(dim=1)
        return loss_inv(log_probs, log_probs.flip(0)) + loss_prior(log_probs) + energy_l2(energy(logits))

    assert torch.autograd.gradcheck(terms, logits.requires_grad_(True))
