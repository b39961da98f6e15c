"""The Fréchet distance against closed forms and the square root of a matrix."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from gedi_nesy.errors import ConfigError
from gedi_nesy.metrics.frechet import frechet_distance


def by_square_root(first: np.ndarray, second: np.ndarray) -> float:
    """The formula as the literature writes it."""
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    difference = first.mean(axis=0) - second.mean(axis=0)
    return float(difference @ difference + np.trace(a + b - 2 * np.real(sqrtm(a @ b))))


@pytest.mark.parametrize(("items", "others"), [(40, 50), (4, 30), (3, 4)])
def test_it_is_the_formula(items, others):
    """With more items than features, and with fewer, where covariances are singular."""
    random = np.random.default_rng(0)
    first = random.normal(size=(items, 6)) @ random.normal(size=(6, 6))
    second = 0.5 + random.normal(size=(others, 6))
    found = frechet_distance(first, second)
    assert found == pytest.approx(by_square_root(first, second), rel=1e-5)
    assert found == pytest.approx(frechet_distance(second, first))


def test_of_one_feature_it_is_known():
    first, second = np.array([[0.0], [2.0]]), np.array([[3.0], [7.0]])
    # (m1 - m2)^2 + (s1 - s2)^2
    assert frechet_distance(first, second) == pytest.approx(4.0**2 + (np.sqrt(2) - np.sqrt(8)) ** 2)


def test_it_is_nothing_to_itself_and_a_shift_is_its_square():
    items = np.random.default_rng(0).normal(size=(20, 4))
    assert frechet_distance(items, items) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(items, items + np.array([3.0, 0, 4.0, 0])) == pytest.approx(25)


def test_one_item_has_no_covariance():
    with pytest.raises(ConfigError, match="first: 1 items"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
