"""Clusters of features: blobs are found, heads do not see each other, and a run goes on bit by bit."""

import pytest
import torch
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from gedi_nesy.cluster import ClusterConfig, assign, cluster_features
from gedi_nesy.features.moments import moments
from gedi_nesy.features.neighbours import nearest
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.pretraining.heads import HeadLearner

CONFIG = ClusterConfig(num_clusters=4, steps=60, restarts=2)
BACKBONE = FrozenFeatures(8, "quarters", "00", 32)


@pytest.fixture(scope="module")
def blobs() -> tuple[torch.Tensor, list[int]]:
    points, labels = make_blobs(200, centers=4, n_features=8, cluster_std=1.0, random_state=0)
    return torch.from_numpy(points).half(), labels.tolist()


def test_blobs_are_found_and_the_model_says_what_its_features_are(blobs, tmp_path):
    features, labels = blobs
    found = cluster_features(features, CONFIG, BACKBONE)
    clusters = assign(found.model, features).probabilities.argmax(dim=1)
    assert adjusted_rand_score(labels, clusters) > 0.95
    found.model.save(tmp_path / "model")
    again = GEDI.load(tmp_path / "model")
    assert again.backbone.config == {
        "num_features": 8,
        "encoder": "quarters",
        "fingerprint": "00",
        "side": 32,
    }
    assert torch.equal(assign(again, features).energies, assign(found.model, features).energies)


def test_the_head_alone_gives_what_it_gave_among_the_others(blobs):
    features, _ = blobs
    learner = HeadLearner(features, nearest(features, 5), 4, heads=3, steps=20, seed=1)
    for _ in range(20):
        learner.take_step()
    everything = learner.log_probs(learner.average, torch.arange(200))
    for index in range(3):
        head = learner.head(index)
        alone = (features.float() @ head.weight + head.bias).log_softmax(dim=1)
        torch.testing.assert_close(alone, everything[index], rtol=1e-4, atol=1e-4)


def test_a_run_that_was_stopped_ends_as_if_nothing_had_been(blobs):
    features, _ = blobs
    make = lambda: HeadLearner(features, nearest(features, 5), 4, heads=2, steps=12, seed=3)  # noqa: E731
    whole, part, rest = make(), make(), make()
    for _ in range(12):
        whole.take_step()
    for _ in range(5):
        part.take_step()
    rest.load_state(part.state())
    for _ in range(7):
        rest.take_step()
    for name in ("current", "average"):
        for one, other in zip(getattr(whole, name), getattr(rest, name), strict=True):
            assert torch.equal(one, other)


def test_moments_are_those_of_all_features(generator):
    features = torch.randn(5000, 3, generator=generator) * torch.tensor([1.0, 30.0, 0.0]) + 7
    mean, std = moments(features)
    torch.testing.assert_close(mean, features.double().mean(dim=0).float())
    expected = features.double().std(dim=0, correction=0).float()
    torch.testing.assert_close(std, torch.tensor([expected[0], expected[1], 1.0]))
