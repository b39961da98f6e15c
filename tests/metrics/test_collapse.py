import numpy as np
import pytest

from gedi_nesy.metrics.collapse import verdict

LABELS = np.repeat(np.arange(10), 100)


def test_grounded():
    judged = verdict(LABELS, LABELS, 10)
    assert judged.kind == "grounded"
    assert "10 of 10" in judged.sentence
    assert "100.0%" in judged.sentence


def test_everything_is_zero():
    judged = verdict(LABELS, np.zeros_like(LABELS), 10)
    assert judged.kind == "collapsed"
    assert "1 of 10 are in use" in judged.sentence
    assert "read as 0" in judged.sentence


def test_swapped_names_are_named():
    swapped = np.array([0, 2, 1, 3, 4, 5, 7, 6, 8, 9])[LABELS]
    judged = verdict(LABELS, swapped, 10)
    assert judged.kind == "permuted"
    for pair in ("1 to 2", "2 to 1", "6 to 7", "7 to 6"):
        assert pair in judged.sentence
    assert "3 to" not in judged.sentence


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_noise_is_mixed(share):
    random = np.random.default_rng(0)
    noisy = np.where(random.random(1000) < share, random.integers(0, 10, 1000), LABELS)
    assert verdict(LABELS, noisy, 10).kind == "mixed"
