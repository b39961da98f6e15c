import numpy as np
import pytest
from sklearn.metrics import roc_curve

from gedi_nesy.metrics.ood import auroc, average_precision, false_positive_rate, roc, standardised, typicality


@pytest.fixture
def scores():
    random = np.random.default_rng(0)
    return random.normal(1.0, 1.0, 40), random.normal(0.0, 1.0, 30).round(1)


def test_auroc_counts_the_pairs_in_order(scores):
    inside, outside = scores
    pairs = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
    assert auroc(inside, outside) == pytest.approx(np.mean(pairs))
    assert auroc(inside + 100, outside) == 1.0
    assert auroc(inside, inside) == pytest.approx(0.5)


def test_average_precision_sums_precision_over_the_steps_of_recall(scores):
    inside, outside = scores
    expected, before = 0.0, 0.0
    for threshold in sorted({*inside, *outside}, reverse=True):
        found, wrong = (inside >= threshold).sum(), (outside >= threshold).sum()
        expected += (found / len(inside) - before) * found / (found + wrong)
        before = found / len(inside)
    assert average_precision(inside, outside) == pytest.approx(expected)
    assert average_precision(inside + 100, outside) == 1.0


def test_false_positive_rate_is_that_of_the_roc_curve(scores):
    inside, outside = scores
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    rates, recalls, _ = roc_curve(truth, np.concatenate(scores), drop_intermediate=False)
    assert false_positive_rate(inside, outside) == pytest.approx(rates[recalls >= 0.95].min())
    assert false_positive_rate(inside + 100, outside) == 0.0
    assert false_positive_rate(inside - 100, outside) == 1.0
    assert false_positive_rate(np.arange(1, 21.0), np.array([1.5, 2.5])) == 0.5, "19 of 20 are at least 2"


def test_the_area_under_the_curve_is_the_auroc(scores):
    false, true = roc(*scores)
    assert np.trapezoid(true, false) == pytest.approx(auroc(*scores))
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)


def test_what_is_too_likely_is_not_typical():
    energies = np.array([-5.0, 0.0, 1.0, 9.0])
    found = typicality(energies, np.array([0.0, 2.0]))
    assert found.tolist() == [-6.0, -1.0, 0.0, -8.0]


def test_deviations_are_those_of_the_training_inputs():
    assert standardised(np.array([4.0, 1.0]), np.array([0.0, 2.0])).tolist() == [3.0, 0.0]
    assert standardised(np.array([4.0]), np.array([1.0, 1.0])).tolist() == [3.0]
