import numpy as np
import pytest

from gedi_nesy.errors import ConfigError
from gedi_nesy.metrics.precision_recall import precision_recall


def among(points, others, neighbours):
    """As the paper defines it, a pair at a time."""
    count = 0
    for point in points:
        for place, other in enumerate(others):
            rest = np.delete(others, place, axis=0)
            radius = np.sort([np.linalg.norm(other - each) for each in rest])[neighbours - 1]
            if np.linalg.norm(point - other) <= radius:
                count += 1
                break
    return count / len(points)


def test_it_is_the_definition():
    random = np.random.default_rng(0)
    data, samples = random.normal(size=(25, 3)), 1.5 + random.normal(size=(20, 3))
    found = precision_recall(data, samples, neighbours=2)
    assert found.precision == among(samples, data, 2)
    assert found.recall == among(data, samples, 2)
    assert 0 < found.precision < 1
    assert 0 < found.recall < 1


def test_samples_of_one_mode_are_precise_and_cover_half():
    random = np.random.default_rng(0)
    data = random.normal(size=(60, 2)) + np.repeat([[0.0, 0.0], [100.0, 0.0]], 30, axis=0)
    found = precision_recall(data, data[:30] + 1e-3)
    assert found.precision == 1
    assert found.recall == 0.5


def test_what_is_far_away_is_neither():
    data = np.random.default_rng(0).normal(size=(20, 2))
    assert precision_recall(data, data + 1000) == (0, 0)


def test_too_few_items_are_refused():
    with pytest.raises(ConfigError, match="samples: 5 items have no neighbours=5"):
        precision_recall(np.zeros((9, 2)), np.zeros((5, 2)))
