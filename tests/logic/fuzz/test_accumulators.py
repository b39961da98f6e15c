"""Accumulators have the probabilities that stock ProbLog gives them; some are exclusive by induction, some are not."""

from contextlib import suppress

import pytest

from gedi_nesy.logic.circuits.induction import Induction
from tests.logic.fuzz.accumulators import generate
from tests.logic.fuzz.compare import TooLongError, difference, ours


@pytest.mark.parametrize("seed", range(14))
def test_as_problog(seed):
    found, _ = difference(generate(seed))
    assert found is None, generate(seed)


@pytest.mark.slow
def test_many_as_problog():
    compared = 0
    for seed in range(14, 300):
        with suppress(TooLongError):
            found, _ = difference(generate(seed))
            assert found is None, generate(seed)
            compared += 1
    assert compared > 200


def test_some_are_proved_exclusive_and_some_are_not(monkeypatch):
    found = []
    proved = Induction.proved

    def counted(self, sets):
        found.extend(proved(self, sets))
        return proved(self, sets)

    monkeypatch.setattr(Induction, "proved", counted)
    for seed in range(14):
        ours(generate(seed))
    assert found.count(True) > 5
    assert found.count(False) > 5
