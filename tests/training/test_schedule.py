import math

import pytest

from gedi_nesy.training.schedule import annealed, cosine


def test_schedules():
    assert [annealed(x, -1.0) for x in (0.0, 0.1, 0.4, 0.7, 1.0)] == pytest.approx([-1, -1, 0, 1, 1])
    assert annealed(0.0, 1.0) == 1.0
    assert cosine(0, 100, warmup=10) == pytest.approx(0.1)
    assert cosine(50, 100, warmup=10) == pytest.approx(0.5)
    assert cosine(99, 100, warmup=10) == pytest.approx((1 + math.cos(0.99 * math.pi)) / 2)
