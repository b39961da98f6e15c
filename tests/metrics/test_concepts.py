"""Concept metrics on cases small enough to work out by hand."""

import numpy as np
import pytest

from gedi_nesy.metrics import concepts


def test_macro_f1_counts_symbols_that_are_never_predicted():
    labels, predictions = np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1])
    assert concepts.macro_f1(labels, predictions, 3) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_collapse_is_the_share_of_unused_symbols():
    assert concepts.collapse(np.array([3, 3, 1]), 5) == pytest.approx(3 / 5)
    assert concepts.collapse(np.arange(4), 4) == 0


def test_calibration_error_by_hand():
    """Two bins: confidence 0.9, right half of the time; confidence 0.6, always right."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    labels = np.array([0, 1, 1, 1])
    assert concepts.calibration_error(labels, probabilities) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_calibrated_probabilities_have_a_small_error():
    random = np.random.default_rng(0)
    first = random.uniform(0, 1, 20000)
    labels = (random.uniform(0, 1, 20000) > first).astype(int)
    error = concepts.calibration_error(labels, np.stack([first, 1 - first], axis=1))
    # ten bins of about 4,000: the error of a share is at most 0.5 / sqrt(4000)
    assert error < 3 * 0.5 / 4000**0.5
    assert concepts.calibration_error(1 - labels, np.stack([first, 1 - first], axis=1)) > 0.3
