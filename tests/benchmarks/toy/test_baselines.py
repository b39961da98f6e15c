"""Each baseline on points where its answer is known, and that it reads test points from training points alone."""

import numpy as np
import pytest
import torch

from benchmarks.toy import baselines as toy_baselines
from gedi_nesy.data import points
from gedi_nesy.metrics.clustering import nmi


def sets(name: points.PointsName, noise: float = 0.05, num: int = 600):
    generator = torch.Generator().manual_seed(0)
    train, test = (points.make(name, num, noise, generator) for _ in range(2))
    return train.inputs.numpy(), test.inputs.numpy(), test.labels.numpy()


@pytest.mark.parametrize("method", toy_baselines.BASELINES)
def test_blobs_are_found_by_all(method):
    train, test, labels = sets("blobs")
    found = toy_baselines.run(method, train, test, 3, seed=0)
    assert found.dtype == np.int64
    assert nmi(labels, found) > 0.98
    again = toy_baselines.run(method, train, test, 3, seed=0)
    assert (found == again).all()
    one = np.concatenate([toy_baselines.run(method, train, row[None], 3, seed=0) for row in test[:5]])
    assert (one == found[:5]).all(), "a test point's cluster does not depend on other test points"


@pytest.mark.parametrize(
    ("name", "solves", "fails"),
    [
        ("moons", ("spectral", "DBSCAN"), ("k-means", "Gaussian mixture")),
        ("circles", ("spectral",), ("k-means", "Gaussian mixture")),
    ],
)
def test_curves_are_found_by_those_that_follow_neighbours(name, solves, fails):
    train, test, labels = sets(name)
    for method in solves:
        assert nmi(labels, toy_baselines.run(method, train, test, 2, seed=0)) == 1
    for method in fails:
        assert nmi(labels, toy_baselines.run(method, train, test, 2, seed=0)) < 0.6


def test_the_mixture_follows_covariances_where_k_means_does_not():
    train, test, labels = sets("anisotropic", noise=0.02)
    assert nmi(labels, toy_baselines.run("Gaussian mixture", train, test, 3, seed=0)) > 0.98
    assert nmi(labels, toy_baselines.run("k-means", train, test, 3, seed=0)) < 0.8


def test_noise_of_dbscan_takes_the_cluster_of_its_neighbour():
    random = np.random.default_rng(0)
    train = np.concatenate([random.normal(0, 0.1, (50, 2)), random.normal(5, 0.1, (50, 2)), [[2.0, 2.0]]])
    found = toy_baselines.run("DBSCAN", train, np.array([[0.0, 0.0], [5.0, 5.0], [2.1, 2.1]]), 2, seed=0)
    assert found.tolist() == [0, 1, 0]


def test_what_cannot_be_run_is_said():
    train, test, _ = sets("blobs")
    with pytest.raises(ValueError, match="eps would be 0"):
        toy_baselines.run("DBSCAN", np.repeat(train[:50], 10, axis=0), test, 3, seed=0)
    with pytest.raises(ValueError, match="method='k-medians' is not one of k-means"):
        toy_baselines.run("k-medians", train, test, 3, seed=0)
