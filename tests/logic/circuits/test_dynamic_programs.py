"""Random dynamic programs have the probabilities that stock ProbLog gives them."""

import pytest

from gedi_nesy.logic import Budget
from gedi_nesy.logic.circuits.induction import Induction
from tests.logic.circuits.dynamic_programs import generate
from tests.logic.circuits.fuzz import by_problog, by_us, differ

BUDGET = Budget(seconds=30.0)


@pytest.mark.parametrize("seed", range(14))
def test_as_problog(seed):
    text = generate(seed)
    assert not differ(by_us(text, BUDGET), by_problog(text)), text


@pytest.mark.slow
def test_many_as_problog():
    differing = [
        seed for seed in range(14, 1000) if differ(by_us(generate(seed), BUDGET), by_problog(generate(seed)))
    ]
    assert not differing


def test_some_are_proved_exclusive_and_some_are_not(monkeypatch):
    found = []
    proved = Induction.proved

    def counted(self, sets):
        found.extend(proved(self, sets))
        return proved(self, sets)

    monkeypatch.setattr(Induction, "proved", counted)
    for seed in range(14):
        by_us(generate(seed), BUDGET)
    assert found.count(True) > 5
    assert found.count(False) > 5


def test_a_difference_is_seen():
    text = "0.5::a. b :- a. query(b)."
    assert not differ(by_us(text, BUDGET), by_problog(text))
    assert differ({"b": 0.5 + 1e-7}, by_problog(text))
    assert differ(by_us(text, BUDGET), by_problog(text + " evidence(\\+a)."))
    assert by_us(text + " evidence(b). evidence(\\+a).", BUDGET) == "impossible evidence"
