"""Against brute force over all renamings, and scikit-learn."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from gedi_nesy.metrics import clustering


@pytest.fixture
def guesses() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 300)
    renamed = np.array([3, 0, 4, 1, 2])[labels]
    noisy = np.where(random.random(300) < 0.3, random.integers(0, 5, 300), renamed)
    return labels, noisy


def test_clustering_accuracy_is_the_best_over_all_renamings(guesses):
    labels, predictions = guesses
    best = max((labels == np.array(names)[predictions]).mean() for names in permutations(range(5)))
    assert clustering.clustering_accuracy(labels, predictions, 5) == pytest.approx(best)
    assert clustering.best_map(labels, predictions, 5).tolist() == [1, 3, 4, 0, 2]


def test_ari_counts_pairs_beyond_chance(guesses):
    """Over all pairs of items, by the definition."""
    labels, predictions = (each[:60] for each in guesses)
    same, together = (each[:, None] == each[None, :] for each in (labels, predictions))
    pairs = np.triu(np.ones((60, 60), dtype=bool), k=1)
    both, a, b = ((each & pairs).sum() for each in (same & together, same, together))
    chance = a * b / pairs.sum()
    assert clustering.ari(labels, predictions) == pytest.approx((both - chance) / ((a + b) / 2 - chance))


def test_nmi_is_scikit_learns_over_everything_at_once(guesses):
    labels, predictions = guesses
    assert clustering.nmi(labels, predictions) == normalized_mutual_info_score(labels, predictions)
    random = np.random.default_rng(1)
    labels, chance = random.integers(0, 100, (2, 20000))
    in_batches = np.mean(
        [clustering.nmi(labels[i : i + 64], chance[i : i + 64]) for i in range(0, 20000, 64)]
    )
    assert clustering.nmi(labels, chance) < 0.1
    assert in_batches > 0.8


def test_small_counts_by_hand():
    labels, predictions = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    assert clustering.accuracy(labels, predictions) == 0.5
    assert clustering.confusion_matrix(labels, predictions, 3).tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert clustering.symbols_in_use(predictions, 3) == 2
    assert clustering.symbols_in_use(predictions, 3, at_least=0.5) == 1


@pytest.mark.parametrize(("classes", "inflated", "true"), [(10, 0.31, 0.01), (100, 0.90, 0.25)])
def test_nmi_of_random_assignment_is_inflated_in_batches(classes, inflated, true):
    """In batches of 64; over all items at once it is what is left by chance of a finite table."""
    random = np.random.default_rng(0)
    labels, predictions = random.integers(0, classes, (2, 6_400))
    assert clustering.nmi_over_batches(labels, predictions) == pytest.approx(inflated, abs=0.01)
    assert clustering.nmi(labels, predictions) < true
