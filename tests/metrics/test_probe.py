"""Probes against scikit-learn, and on embeddings of which the answer is known."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from gedi_nesy.errors import ConfigError
from gedi_nesy.metrics.probe import knn_accuracy, linear_probe


def blobs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three directions with noise, by class."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    return np.eye(3)[labels] + random.normal(0, 0.6, (count, 3)), labels


def test_nearest_neighbours_are_scikit_learns():
    train, labels = blobs(120, 0)
    test, test_labels = blobs(80, 1)
    theirs = KNeighborsClassifier(7, metric="cosine").fit(train, labels)
    ours = knn_accuracy(train, labels, test, test_labels, neighbours=7)
    assert ours == pytest.approx(theirs.score(test, test_labels))
    assert 0.5 < ours < 1


def test_length_is_nothing_to_a_cosine():
    train, labels = blobs(120, 0)
    test, test_labels = blobs(80, 1)
    scale = np.random.default_rng(2).uniform(0.1, 10, (120, 1))
    assert knn_accuracy(scale * train, labels, test, test_labels) == knn_accuracy(
        train, labels, test, test_labels
    )


def test_more_neighbours_than_items_are_refused():
    train, labels = blobs(5, 0)
    with pytest.raises(ConfigError, match="neighbours=20 must be"):
        knn_accuracy(train, labels, train, labels)


def test_a_linear_probe_finds_what_is_linear_and_nothing_else():
    random = np.random.default_rng(0)
    items = random.normal(size=(400, 2))
    half, exclusive = (items[:, 0] > 0).astype(int), (items[:, 0] * items[:, 1] > 0).astype(int)
    scaled = items * np.array([1e3, 1e-3])
    assert linear_probe(scaled[:200], half[:200], scaled[200:], half[200:]) > 0.97
    # four standard errors of a coin
    assert linear_probe(items[:200], exclusive[:200], items[200:], exclusive[200:]) < 0.5 + 4 * 0.5 / 200**0.5
