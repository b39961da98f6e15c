"""SimCLR's loss against a closed form, brute force and `lightly`."""

import math

import pytest
import torch

from gedi_nesy.objectives.self_supervised.simclr import loss_simclr


def test_orthogonal_images_with_equal_views():
    """s is 1 for the partner and 0 for the 2n - 2 others: log(e^(1/t) + 2n - 2) - 1/t."""
    views = 7.0 * torch.eye(5, dtype=torch.float64)
    for temperature in (0.1, 0.5, 2.0):
        expected = math.log(math.exp(1 / temperature) + 8) - 1 / temperature
        assert loss_simclr(views, views, temperature).item() == pytest.approx(expected)


def test_collapsed_projections_cost_the_log_of_the_number_of_others():
    views = torch.ones(6, 3, dtype=torch.float64)
    assert loss_simclr(views, views).item() == pytest.approx(math.log(11))


def test_it_is_the_formula_term_by_term(generator):
    first, second = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    views = [view / view.norm() for view in (*first, *second)]
    costs = []
    for i, view in enumerate(views):
        weights = [math.exp(view @ other / 0.5) for other in views]
        costs.append(-math.log(weights[(i + 4) % 8] / (sum(weights) - weights[i])))
    assert loss_simclr(first, second).item() == pytest.approx(sum(costs) / 8)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_it_is_that_of_lightly(generator, temperature):
    loss = pytest.importorskip("lightly.loss")
    first, second = torch.randn(2, 9, 6, generator=generator)
    theirs = loss.NTXentLoss(temperature=temperature)(first, second)
    assert loss_simclr(first, second, temperature).item() == pytest.approx(theirs.item(), rel=1e-5)


def test_several_models_are_each_alone(generator):
    first, second = torch.randn(2, 3, 5, 4, generator=generator)
    together = loss_simclr(first, second)
    alone = torch.stack([loss_simclr(*pair) for pair in zip(first, second, strict=True)])
    torch.testing.assert_close(together, alone)


def test_gradients(generator):
    views = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda views: loss_simclr(*views), views)
