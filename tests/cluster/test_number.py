"""How many clusters: the index against scikit-learn, the rule on curves, and blobs whose number is known."""

from functools import partial

import pytest
import torch
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from gedi_nesy.cluster import Candidate, ClusterConfig, agreements, chosen, cluster_features
from gedi_nesy.cluster.number import adjusted_rand_index
from gedi_nesy.models.encoders import FrozenFeatures


@pytest.mark.parametrize(("one", "other"), [(5, 5), (3, 8), (1, 4), (1, 1)])
def test_the_index_is_scikit_learn_s(generator, one, other):
    left, right = (
        torch.randint(one, (60,), generator=generator),
        torch.randint(other, (60,), generator=generator),
    )
    right[:40] = left[:40] % other
    expected = adjusted_rand_score(left.numpy(), right.numpy())
    assert adjusted_rand_index(left, right) == pytest.approx(expected, abs=1e-12)
    assert adjusted_rand_index(left, left) == 1.0


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([(2, 1.0, 0.0), (3, 0.6, 0.1), (4, 0.99, 0.0), (5, 0.9, 0.0)], 4),
        ([(2, 0.5, 0.0), (3, 0.9, 0.1), (4, 0.82, 0.0), (5, 0.7, 0.0)], 4),
        ([(2, 0.5, 0.0), (3, 0.9, 0.0), (4, 0.87, 0.2)], 3),
    ],
)
def test_the_finest_that_is_as_stable_as_the_best(curve, expected):
    assert chosen([Candidate(*each) for each in curve]).num_clusters == expected


@pytest.mark.parametrize(
    ("known", "highest", "pairs"),
    [(3, 4, 1), pytest.param(3, 7, 2, marks=pytest.mark.slow), pytest.param(5, 8, 2, marks=pytest.mark.slow)],
)
def test_the_number_of_blobs_is_found(known, highest, pairs):
    points, _ = make_blobs(50 * known, centers=known, n_features=8, cluster_std=0.7, random_state=0)
    train = partial(cluster_features, backbone=FrozenFeatures(8, "blobs"))
    config = ClusterConfig(num_clusters=2, steps=60 if pairs == 1 else 100, restarts=3)
    told: list[Candidate] = []
    inputs = torch.from_numpy(points).float()
    found = agreements(inputs, range(known - 1, highest + 1), train, config, pairs, told.append)
    assert found == told
    assert chosen(found).num_clusters == known
    assert agreements(inputs, [known], train, config, pairs) == found[1:2]
