"""Strategies of the largest expected utility, against `problog dt` and by hand."""

import pytest
from problog.program import PrologString
from problog.tasks.dtproblog import dtproblog

from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.inference import decide
from gedi_nesy.logic.inference.decide import Strategy, best_strategy, decisions_as_parameters
from gedi_nesy.logic.language.source import Source

PARTY = """
?::invite(X) :- friend(X).
friend(ann). friend(bob). friend(eve).
0.7::comes(X) :- invite(X).
0.4::fun(X, Y) :- comes(X), comes(Y), X @< Y.
quarrel :- comes(ann), comes(eve).
utility(fun(X, Y), 8) :- friend(X), friend(Y), X @< Y.
utility(quarrel, -6).
utility(invite(X), -1) :- friend(X).
"""

TRIP = """
0.3::rain; 0.5::sun; 0.2::snow.
?::go(sea); ?::go(hills); ?::go(town).
?::umbrella.
nice :- go(sea), sun. nice :- go(hills), snow. nice :- go(town), \\+ snow.
wet :- rain, \\+ umbrella.
dry :- \\+ wet.
utility(nice, 10). utility(dry, 4). utility(umbrella, -0.5). utility(go(sea), -2).
"""

SEEN = """
0.2::ill. 0.9::fever :- ill. 0.1::fever :- \\+ ill.
t(0.5)::works.
?::treat.
well :- ill, treat, works. well :- \\+ ill.
evidence(fever).
utility(well, 10). utility(treat, -1). utility(\\+ ill, 1).
"""


def solved(text: str) -> Strategy:
    return best_strategy(Program(decisions_as_parameters(Source.from_string(text)), {}, False))


@pytest.mark.parametrize("text", [PARTY, TRIP])
def test_as_problog_decides(text):
    choices, utility, _ = dtproblog(PrologString(text))
    found = solved(text)
    assert found.utility == pytest.approx(utility)
    taken = {
        str(term.args[2] if term.functor == "choice" else term): bool(value)
        for term, value in choices.items()
    }
    assert found.decisions == taken


def test_given_evidence_and_beside_a_parameter():
    ill = 0.2 * 0.9 / (0.2 * 0.9 + 0.8 * 0.1)
    found = solved(SEEN)
    assert found.decisions == {"treat": True}
    assert found.utility == pytest.approx(10 * (ill * 0.5 + 1 - ill) - 1 + (1 - ill))


def test_a_decision_for_each_binding_of_a_clause():
    """The same head under two conditions is decided twice, as it is by ProbLog."""
    text = "0.5::c(1); 0.5::c(2). ?::a :- c(X). u(1) :- a, c(1). u(2) :- a, c(2). utility(u(1), 3). utility(u(2), -5)."
    choices, utility, _ = dtproblog(PrologString(text))
    assert solved(text).utility == pytest.approx(utility) == pytest.approx(1.5)
    assert len(choices) == 2


def test_strategies_without_the_evidence_are_left_out():
    found = solved("?::a. b :- a. evidence(b). utility(a, -1).")
    assert (found.decisions, found.utility) == ({"a": True}, -1)


def test_batches_do_not_matter(monkeypatch):
    whole = solved(PARTY)
    monkeypatch.setattr(decide, "_BATCH", 3)
    assert solved(PARTY) == whole


def test_too_many_strategies(monkeypatch):
    monkeypatch.setattr(decide, "MOST_STRATEGIES", 7)
    with pytest.raises(TooLargeError, match="3 decisions have 8 strategies, more than 7"):
        solved(PARTY)


def test_python_is_refused_here_as_well(tmp_path):
    (tmp_path / "evil.py").write_text("raise SystemExit('run')")
    (tmp_path / "task.pl").write_text(":- use_module('evil.py').\n?::a. utility(a, 1).")
    with pytest.raises(ProgramError, match=r"task.pl:1: .*would run the Python file .*evil.py"):
        Program(decisions_as_parameters(Source.from_file(tmp_path / "task.pl")), {}, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5::a. utility(a, 1).", "leaves no decision open, as \\?::a would"),
        ("?::a.", "has no utility\\(atom, value\\)"),
        ("?::a; 0.3::b. utility(a, 1).", "<string>:1: decisions share a disjunction only with decisions"),
        ("?::a. utility(a, x).", "Unknown function 'x'/0"),
        ("?::a. utility(a, 1). utility(a, 2).", "utility\\(a, 2\\) must be the one number of its atom"),
        ("?::a. 0.0::b. evidence(b). utility(a, 1).", "every strategy makes the evidence b impossible"),
    ],
)
def test_what_cannot_be_decided(text, message):
    with pytest.raises(ProgramError, match=message) as raised:
        solved(text)
    assert "\n" not in str(raised.value)
