"""Barlow Twins' loss against closed forms, numpy and `lightly`."""

import numpy as np
import pytest
import torch

from gedi_nesy.objectives.self_supervised.barlow import loss_barlow


def test_it_is_the_formula_by_numpys_correlations(generator):
    first, second = torch.randn(2, 50, 4, generator=generator, dtype=torch.float64)
    correlations = np.corrcoef(first.numpy(), second.numpy(), rowvar=False)[:4, 4:]
    own = np.diag(correlations)
    others = (correlations**2).sum() - (own**2).sum()
    expected = ((1 - own) ** 2).sum() + 0.3 * others
    assert loss_barlow(first, second, 0.3).item() == pytest.approx(expected, rel=1e-4)


def test_independent_features_that_agree_cost_nothing():
    """The columns of a Hadamard matrix, but the constant one, are uncorrelated."""
    square = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    features = torch.kron(torch.kron(square, square), square)[:, 1:]
    assert loss_barlow(features, features).item() == pytest.approx(0, abs=1e-4)
    assert loss_barlow(features, -features).item() == pytest.approx(4 * 7, rel=1e-4)


def test_features_that_are_all_alike_cost_their_redundancy(generator):
    """C is 1 everywhere: lambda d (d - 1)."""
    features = torch.randn(20, 1, generator=generator, dtype=torch.float64).expand(20, 5)
    assert loss_barlow(features, features, 0.1).item() == pytest.approx(0.1 * 20, rel=1e-3)


def test_a_collapse_to_a_point_costs_one_a_feature():
    collapsed = torch.ones(6, 5, dtype=torch.float64, requires_grad=True)
    loss = loss_barlow(collapsed, collapsed)
    assert loss.item() == 5.0
    loss.backward()
    assert collapsed.grad is not None
    assert collapsed.grad.isfinite().all()


def test_it_is_that_of_lightly(generator):
    loss = pytest.importorskip("lightly.loss")
    first, second = torch.randn(2, 30, 6, generator=generator)
    theirs = loss.BarlowTwinsLoss(lambda_param=0.02)(first, second)
    assert loss_barlow(first, second, 0.02).item() == pytest.approx(theirs.item(), rel=1e-4)


def test_several_models_are_each_alone(generator):
    first, second = torch.randn(2, 3, 7, 4, generator=generator, dtype=torch.float64)
    alone = torch.stack([loss_barlow(*pair) for pair in zip(first, second, strict=True)])
    torch.testing.assert_close(loss_barlow(first, second), alone)


def test_gradients(generator):
    views = torch.randn(2, 6, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda views: loss_barlow(*views), views)
