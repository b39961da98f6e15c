"""Random dynamic programs against stock ProbLog; `python -m tests.logic.fuzz` runs many more."""

import sys

import pytest

from tests.logic.fuzz import __main__ as command
from tests.logic.fuzz import compare
from tests.logic.fuzz.compare import TooLongError, difference, problogs, shrunk
from tests.logic.fuzz.dynamic_programs import generate


def test_random_dynamic_programs_are_solved_as_by_problog():
    routes = []
    for seed in range(15):
        found, route = difference(generate(seed))
        assert found is None, generate(seed)
        routes.append(route)
    assert {"direct", "refused"} < set(routes)


def test_a_difference_is_found_and_shrunk(monkeypatch):
    def wrong(text):
        expected = problogs(text)
        if isinstance(expected, str):
            return expected, "wrong"
        found = {name: p / 2 if "0.3::f(2)." in text else p for name, p in expected.items()}
        return found, "direct"

    monkeypatch.setattr(compare, "ours", wrong)
    text = "0.5::g.\n0.4::f(1).\n0.3::f(2).\nt(N) :- f(N).\nquery(t(2))."
    assert difference(text)[0] is not None
    assert shrunk(text) == "0.3::f(2).\nt(N) :- f(N).\nquery(t(2))."


def test_refusals_and_missing_answers_are_differences(monkeypatch):
    assert difference("0.5::a. evidence(b). b :- fail. query(a).") == (None, "refused")
    monkeypatch.setattr(compare, "ours", lambda text: ({}, "direct"))
    assert difference("0.5::a. query(a).")[0] == "a: here None, ProbLog 0.5"
    monkeypatch.setattr(compare, "ours", lambda text: ("refused", "why"))
    assert difference("0.5::a. query(a).")[0] == "here refused (why), ProbLog {'a': 0.5}"


@pytest.mark.parametrize("wrong", [False, True])
def test_the_command(wrong, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fuzz", "--programs", "3", "--seed", "5"])
    if wrong:
        monkeypatch.setattr(command, "difference", lambda text: ("q: here 1.0, ProbLog 0.5", "direct"))
        monkeypatch.setattr(command, "shrunk", lambda text: "query(q).")
    assert command.main() == int(wrong)
    *rows, last = capsys.readouterr().out.splitlines()
    assert last.startswith("3 programs from seed 5 (")
    assert last.endswith(f": {3 * wrong} differences")
    assert rows[:2] == (["seed 5: q: here 1.0, ProbLog 0.5", "query(q)."] if wrong else [])


def test_what_takes_too_long_is_counted(monkeypatch, capsys):
    def long(text):
        raise TooLongError

    monkeypatch.setattr(sys, "argv", ["fuzz", "--programs", "2"])
    monkeypatch.setattr(command, "difference", long)
    assert command.main() == 0
    assert capsys.readouterr().out == "2 programs from seed 0 (too long 2): 0 differences\n"
