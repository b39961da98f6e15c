"""Programs that are too hard end with their budget: dense graphs, grids, long chains, big disjunctions and others."""

import gc

import pytest

from gedi_nesy.logic import Budget, Program, budget
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.errors import TooLargeError
from tests.logic.hard_programs import PROGRAMS, graph

SOME = ("small grid", "recursion without end in a directive", "many answers")


@pytest.mark.parametrize(
    "name", [name if name in SOME else pytest.param(name, marks=pytest.mark.slow) for name in PROGRAMS]
)
def test_what_is_too_hard_is_one_line(name):
    limit = Budget(seconds=0.3 if name in SOME else 1.0).running()
    with pytest.raises(TooLargeError, match=r"hard\.pl: .* takes more than .* seconds") as raised:
        Program.from_string(PROGRAMS[name], {}, name="hard.pl", budget=limit).solve(limit)
    assert "\n" not in str(raised.value)


def test_there_are_many_of_every_kind():
    assert len(PROGRAMS) >= 50


def test_objects_are_set_aside_while_a_budget_counts(monkeypatch):
    """The search for unused ones would take seconds where there are millions; what others set aside stays."""
    monkeypatch.setattr(budget, "SECONDS_OF_OBJECTS", 0.0)
    with Watch("a.pl", "q", Budget()) as watch:
        watch.check(0)
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
    gc.freeze()
    try:
        kept = gc.get_freeze_count()
        with Watch("a.pl", "q", Budget()) as watch:
            made = [[] for _ in range(100)]
            watch.check(0)
            assert len(made) == 100
        assert gc.get_freeze_count() <= kept
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_the_steps_of_a_command_share_its_seconds():
    begun = Budget(seconds=5.0).running()
    assert begun.running() == begun
    assert Watch("a.pl", "q", begun).started == begun.begun
    late = Budget(seconds=5.0, begun=begun.begun - 10.0) if begun.begun is not None else begun
    for text in ("0.5::a. query(a).", graph(6, 0.3, 1)):
        with pytest.raises(TooLargeError, match="reading it takes more than 5 seconds"):
            Program.from_string(text, {}, budget=late)
        with pytest.raises(TooLargeError, match="takes more than 5 seconds"):
            Program.from_string(text, {}).solve(late)


def test_statements_are_read_within_the_budget():
    text = "0.5::a.\n" * 3000 + "query(a)."
    with pytest.raises(TooLargeError, match="reading it takes more than 0 seconds"):
        Program.from_string(text, {}, budget=Budget(seconds=0.0))


def test_a_long_statement_is_read_within_the_budget():
    """Each of its operators costs ProbLog as much as the statement is long."""
    text = f"0.5::a(0). q :- {', '.join(f'a({i})' for i in range(4000))}. query(q)."
    with pytest.raises(TooLargeError, match=r"reading it takes more than 0\.2 seconds"):
        Program.from_string(text, {}, budget=Budget(seconds=0.2))
