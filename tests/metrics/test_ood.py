import numpy as np
import pytest

from gedi_nesy.metrics.ood import auroc


def test_auroc_counts_the_pairs_in_order():
    random = np.random.default_rng(0)
    inside, outside = random.normal(1.0, 1.0, 40), random.normal(0.0, 1.0, 30).round(1)
    pairs = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
    assert auroc(inside, outside) == pytest.approx(np.mean(pairs))
    assert auroc(inside + 100, outside) == 1.0
    assert auroc(inside, inside) == pytest.approx(0.5)
