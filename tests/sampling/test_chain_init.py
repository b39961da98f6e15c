import numpy as np
import pytest
import torch

from gedi_nesy.sampling.chain_init import fit_gaussian, gaussian, uniform


def test_the_gaussian_has_the_mean_and_covariance_of_the_data(generator):
    data = torch.randn(500, 3, generator=generator, dtype=torch.float64) @ torch.tensor(
        [[2.0, 0, 0], [1, 1, 0], [0, 0.5, 0.1]], dtype=torch.float64
    )
    mean, factors = fit_gaussian(data, rank=3)
    assert np.allclose(mean, data.numpy().mean(axis=0))
    assert np.allclose(factors @ factors.T, np.cov(data.numpy().T, bias=True))


def test_draws_follow_the_factors(generator):
    factors = torch.tensor([[1.0], [-2.0]])
    draws = gaussian(generator, 20000, torch.tensor([5.0, 0.0]), factors)
    assert draws.mean(dim=0).tolist() == pytest.approx([5.0, 0.0], abs=4 * 2 / 20000**0.5)
    assert np.cov(draws.numpy().T) == pytest.approx(np.array([[1, -2], [-2, 4]]), abs=0.15)


def test_uniform_fills_its_interval(generator):
    draws = uniform(generator, 1000, (2, 3), low=-1.0, high=3.0)
    assert draws.shape == (1000, 2, 3)
    assert -1 <= draws.min() < -0.9
    assert 2.9 < draws.max() <= 3


def test_more_directions_than_the_data_shows_are_refused():
    with pytest.raises(ValueError, match="rank=4 exceeds what 3 inputs of size 10"):
        fit_gaussian(torch.rand(3, 10), rank=4)
