"""`GEDIClusterer`: scikit-learn's own checks, points, images, and the page that shows it."""

import doctest
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from gedi_nesy.estimator import GEDIClusterer
from gedi_nesy.features import encoders
from tests.features.stand_in import stand_in

FEW = GEDIClusterer(n_clusters=3, steps=100, n_init=2, random_state=0)


ONE_CLUSTER = dict.fromkeys(
    (
        "check_dont_overwrite_parameters",
        "check_methods_subset_invariance",
        "check_fit2d_1feature",
        "check_fit2d_predict1d",
    ),
    "the check asks for one cluster, and a GEDI network has at least two",
)


@parametrize_with_checks([FEW], expected_failed_checks=lambda estimator: ONE_CLUSTER)
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


def halves() -> np.ndarray:
    """Images of 8x8, every other one bright at the left, the others at the right."""
    images = np.random.default_rng(0).integers(60, size=(12, 8, 8))
    images[::2, 1:7, 1:4] += 150
    images[1::2, 1:7, 4:7] += 150
    return images.astype(np.uint8)


def test_clusters_of_blobs_are_found_from_arrays_and_tables_alike():
    X, y = make_blobs(90, centers=3, n_features=4, cluster_std=0.5, random_state=1)
    model = GEDIClusterer(n_clusters=3, steps=200, n_init=2, random_state=0).fit(X)
    assert adjusted_rand_score(y, model.labels_) > 0.9
    frame = pd.DataFrame(X, columns=list("abcd"))
    other = GEDIClusterer(n_clusters=3, steps=200, n_init=2, random_state=0).fit(frame)
    assert np.array_equal(model.labels_, other.labels_)
    assert list(other.feature_names_in_) == list("abcd")
    probabilities = model.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    for method in (model.predict_proba, model.score_samples, model.transform):
        alone = np.concatenate([method(X[index : index + 1]) for index in range(9)])
        assert np.allclose(alone, method(X)[:9], rtol=1e-7, atol=1e-9)
    with pytest.raises(ValueError, match="has 1 features, but"):
        model.predict(X[:, :1])
    # I(x; y) of three even, certain clusters
    assert np.log(3) - 0.2 < model.score(X) <= np.log(3) + 1e-6
    assert model.score_samples(X).mean() > model.score_samples(X + 50).mean()
    assert model.sample(4).shape == (4, 4)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(X), probabilities)


def test_images_flattened_shaped_and_scaled_are_the_same():
    images = halves()

    def labels(X: np.ndarray, **shape) -> np.ndarray:
        model = GEDIClusterer(n_clusters=2, steps=6, random_state=0, **shape).fit(X)
        assert model.image_shape_ == (1, 8, 8)
        assert not model.inverted_
        assert model.sample(2, steps=2).shape == (2, 1, 8, 8)
        return np.concatenate([model.predict_proba(X), model.transform(X)[:, :2]], axis=1)

    expected = labels(images)
    for same in (images[:, None], images[..., None], images / 255):
        assert np.array_equal(labels(same), expected)
    assert np.array_equal(labels(images.reshape(12, -1), image_shape=(1, 8, 8)), expected)


def test_white_backgrounds_are_inverted():
    dark = GEDIClusterer(n_clusters=2, steps=6, random_state=0).fit(halves())
    white = GEDIClusterer(n_clusters=2, steps=6, random_state=0).fit(255 - halves())
    assert white.inverted_
    assert np.array_equal(white.predict_proba(255 - halves()), dark.predict_proba(halves()))


@pytest.mark.parametrize(
    ("settings", "X", "message"),
    [
        ({"n_clusters": 1}, np.zeros((5, 2)), "num_clusters=1 must be at least 2"),
        ({"n_clusters": 2.5}, np.zeros((5, 2)), "n_clusters=2.5 must be a whole number"),
        ({"n_clusters": 6}, np.zeros((5, 2)), "5 inputs cannot be in num_clusters=6"),
        ({"image_shape": (1, 3, 3)}, np.zeros((5, 4)), "is 9 pixels, and X has 4"),
        ({}, np.full((9, 4, 4), 300), "pixels from 300 to 300, expected 0 to 255"),
    ],
)
def test_what_does_not_fit_is_one_line(settings, X, message):
    with pytest.raises(ValueError, match=message):
        GEDIClusterer(**settings).fit(X)


def test_the_page_prints_what_it_says(root):
    failed, tried = doctest.testfile(str(root / "docs" / "estimator.md"), module_relative=False)
    assert failed == 0
    assert tried >= 10


def test_photographs_are_clustered_by_features(monkeypatch, tmp_path):
    monkeypatch.setitem(encoders.ENCODERS, "quarters", stand_in)
    monkeypatch.setenv("GEDI_NESY_CACHE", str(tmp_path))
    images = np.random.default_rng(0).integers(60, size=(24, 3, 16, 16)).astype(np.uint8)
    images[::2, 0, :8] += 150
    model = GEDIClusterer(n_clusters=2, features="quarters", steps=60, n_init=2, random_state=0).fit(images)
    assert set(model.labels_[::2]) == {1 - model.labels_[1]}
    assert np.array_equal(model.predict(images.reshape(24, -1)), model.labels_)
    assert model.transform(images).shape == (24, 12)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(images), model.labels_)
    with pytest.raises(ValueError, match="features='quarters': samples would be features"):
        model.sample()
    with pytest.raises(ValueError, match="features='quarters': X holds points"):
        GEDIClusterer(features="quarters").fit(np.eye(9))
