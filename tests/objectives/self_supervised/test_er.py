"""ER's entropy and reconstruction against SciPy, closed forms and quadrature; the bound's ends; DINO's form of it."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import ive
from scipy.stats import entropy as scipy_entropy

from gedi_nesy.objectives.self_supervised.dino import TEMPERATURE, loss_dino
from gedi_nesy.objectives.self_supervised.er import (
    entropy_on_sphere,
    log_normaliser,
    reconstruction_on_sphere,
)
from gedi_nesy.objectives.self_supervised.er_dino import loss_er_dino


@pytest.mark.parametrize(("dim", "kappa"), [(2, 1.0), (3, 10.0), (10, 0.5), (64, 10.0), (128, 50.0)])
def test_the_normaliser_is_scipys_bessel_function(dim, kappa):
    order = dim / 2 - 1
    expected = dim / 2 * math.log(2 * math.pi) + math.log(ive(order, kappa)) + kappa - order * math.log(kappa)
    assert log_normaliser(dim, kappa) == pytest.approx(expected, rel=1e-9)


def test_on_the_circle_it_is_the_integral():
    found, _ = quad(lambda angle: math.exp(3.0 * math.cos(angle)), 0, 2 * math.pi)
    assert log_normaliser(2, 3.0) == pytest.approx(math.log(found))


def test_entropy_is_the_kernel_estimate_row_by_row(generator):
    rows = torch.randn(7, 3, generator=generator, dtype=torch.float64).numpy()
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    # on the usual sphere the normaliser is 4 pi sinh(kappa) / kappa
    density = np.exp(4.0 * units @ units.T) / (4 * math.pi * math.sinh(4.0) / 4.0)
    expected = -np.log(density.mean(axis=1)).mean()
    assert entropy_on_sphere(torch.from_numpy(rows), 4.0).item() == pytest.approx(expected)


def test_evenly_spread_rows_have_the_entropy_of_the_circle_and_equal_ones_that_of_the_kernel():
    angles = torch.arange(500, dtype=torch.float64) * (2 * math.pi / 500)
    even = torch.stack([angles.cos(), angles.sin()], dim=1)
    assert entropy_on_sphere(even, 5.0).item() == pytest.approx(math.log(2 * math.pi))
    equal = torch.ones(6, 2, dtype=torch.float64)
    assert entropy_on_sphere(equal, 5.0).item() == pytest.approx(log_normaliser(2, 5.0) - 5.0)


def test_the_bound_is_between_nothing_and_the_log_of_the_number_of_images():
    """A collapse shows nothing, orthogonal images at a narrow density all that can be told apart; constants cancel."""
    collapsed, orthogonal = torch.ones(6, 8, dtype=torch.float64), torch.eye(8, dtype=torch.float64)
    for views, expected in ((collapsed, 0.0), (orthogonal, math.log(8))):
        bound = entropy_on_sphere(views, 50.0) + reconstruction_on_sphere(views, views, 50.0)
        assert bound.item() == pytest.approx(expected, abs=1e-9)


def test_several_models_are_each_alone(generator):
    first, second = torch.randn(2, 3, 5, 4, generator=generator, dtype=torch.float64)
    pairs = list(zip(first, second, strict=True))
    for together, alone in (
        (entropy_on_sphere(first), [entropy_on_sphere(each) for each in first]),
        (reconstruction_on_sphere(first, second), [reconstruction_on_sphere(*pair) for pair in pairs]),
        (loss_er_dino(first, second), [loss_er_dino(*pair) for pair in pairs]),
    ):
        torch.testing.assert_close(together, torch.stack(alone))


def test_of_prototypes_entropy_is_that_of_the_mean_prediction(generator):
    scores, teacher = torch.randn(2, 6, 4, generator=generator, dtype=torch.float64)
    mean = (scores / TEMPERATURE).softmax(dim=1).mean(dim=0)
    expected = loss_dino(scores, teacher).item() - scipy_entropy(mean.numpy())
    assert loss_er_dino(scores, teacher).item() == pytest.approx(expected)


def test_gradients(generator):
    rows = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64, requires_grad=True)

    def bound(rows: torch.Tensor) -> torch.Tensor:
        return entropy_on_sphere(rows[0]) + reconstruction_on_sphere(*rows)

    assert torch.autograd.gradcheck(bound, rows)
