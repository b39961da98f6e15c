"""Bounds against stock ProbLog, on random programs, and on one that no circuit is found for."""

import itertools
import json

import pytest

from benchmarks.circuits.families import smokers
from gedi_nesy.__main__ import main
from gedi_nesy.logic import Budget, Program, ProgramError
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.inference import bounds as bounds_module
from gedi_nesy.logic.inference.bounds import bounds_of
from tests.cli.command_line import error_of
from tests.logic.fuzz.accumulators import generate
from tests.logic.fuzz.compare import problogs

CYCLIC = "0.4::e(1,2). 0.5::e(2,1). 0.6::e(2,3). 0.7::e(3,1). 0.2::s(1). 0.3::s(3); 0.3::s(2)." + (
    " r(X) :- s(X). r(Y) :- e(X, Y), r(X). q :- r(1), \\+ r(3). query(q). query(r(_)). evidence(r(2))."
)


@pytest.mark.parametrize("text", [CYCLIC, *map(generate, range(8))])
def test_bounds_hold_and_meet(text):
    expected = problogs(text)
    program = Program.from_string(text, {})
    if isinstance(expected, str):
        with pytest.raises(ProgramError):
            bounds_of(program, 0.5)
        return
    cases = []
    for width in (0.9, 0.3, 0.1):
        found = bounds_of(program, width)
        assert found.reached
        for term, (lower, upper) in found.answers.items():
            assert lower - 1e-9 <= expected[str(term)] <= upper + 1e-9
            assert upper - lower <= width
        cases.append(found.cases)
    assert cases == sorted(cases)


def test_bounds_only_narrow(monkeypatch):
    """After every step, not only at the end."""
    monkeypatch.setattr(bounds_module, "BATCH", 2)
    seen = []
    real = bounds_module._Search.bounds

    def bounds(search):
        seen.append(real(search)[0])
        return seen[-1]._replace(), *real(search)[1:]

    monkeypatch.setattr(bounds_module._Search, "bounds", bounds)
    found = bounds_of(Program.from_string(CYCLIC, {}), 0.0)
    exact = problogs(CYCLIC)[str(next(iter(found.answers)))]
    assert len(seen) > 5
    for before, after in itertools.pairwise(seen):
        assert before.lower - 1e-12 <= after.lower <= exact + 1e-9
        assert exact - 1e-9 <= after.upper <= before.upper + 1e-12


def test_time_that_is_up_is_said_and_leaves_bounds(monkeypatch):
    program = Program.from_string(smokers(30, 45), {})
    clock = iter(range(10**6))
    monkeypatch.setattr(Watch, "seconds", property(lambda watch: next(clock) / 10))
    found = bounds_of(program, 0.0, Budget(seconds=5.0))
    assert not found.reached
    assert all(0 <= lower < upper <= 1 for lower, upper in found.answers.values())


def test_certain_programs_have_exact_bounds():
    found = bounds_of(Program.from_string("a. b :- fail. query(a). query(b).", {}), 0.0)
    assert [tuple(b) for b in found.answers.values()] == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    "text",
    [
        "0.5::a. c :- a, \\+ a. query(a). evidence(c).",
        "0.0::a. query(a). evidence(a).",
        "0.45::a; 0.55::b. c :- a. c :- b. q :- fail. query(q). evidence(c, false).",
        "0.5::g. 0.4::d :- \\+ g. 0.3::e. q :- e, fail. query(q). query(e). evidence(d). evidence(g).",
    ],
)
def test_evidence_that_is_impossible_is_said(text):
    with pytest.raises(ProgramError, match="the evidence is impossible"):
        bounds_of(Program.from_string(text, {}), 0.1)


def test_the_command(tmp_path, capsys):
    path = tmp_path / "task.pl"
    path.write_text(CYCLIC)
    assert main(["solve", str(path), "--bounds", "0.1"]) == 0
    *rows, last = capsys.readouterr().out.splitlines()
    for row in rows:
        name, bounds = row.strip().split(":\t")
        lower, upper = map(float, bounds.split(" to "))
        assert lower - 1e-7 <= problogs(CYCLIC)[name] <= upper + 1e-7
    assert last.startswith("% guaranteed bounds, from ")
    assert main(["solve", str(path), "--bounds", "0.1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reached"]
    assert "'2' is not a width of bounds (0 to 1)" in error_of(
        capsys, ["solve", str(path), "--bounds", "2"], code=2
    )
