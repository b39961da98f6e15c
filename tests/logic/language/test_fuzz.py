"""Whatever is wrong in a program is one line, in time; nothing else comes out of it."""

import pytest

from gedi_nesy.cli.program_file import _StandIn
from gedi_nesy.logic import Budget, Program, ProgramError
from gedi_nesy.logic.language import guarded_builtins
from gedi_nesy.logic.language.neural import neural_predicates
from gedi_nesy.logic.language.source import Source
from tests.logic.mutants import mutants

BUDGET = Budget(seconds=4.0)


def solve(path):
    """What `solve` does; the text of the refusal, if it is one."""
    try:
        networks = {p.network: _StandIn(p) for p in neural_predicates(Source.from_file(path))}
        program = Program.from_file(path, networks, budget=BUDGET)
        return [(str(term), p) for term, p in program.solve(BUDGET)]
    except ProgramError as error:
        return str(error)


def check_mutants(count, seed, root, tmp_path, monkeypatch):
    monkeypatch.setenv("GEDI_NESY_CACHE", "")
    paths = sorted([*root.glob("programs/*.pl"), *root.glob("tests/cases/*.pl")])
    path = tmp_path / "mutant.pl"
    for data in mutants(paths, count, seed):
        path.write_bytes(data)
        found = solve(path)
        if isinstance(found, str):
            assert len(found.splitlines()) == 1
        else:
            assert all(0 <= p <= 1 + 1e-9 for _, p in found), data


def test_mutants(root, tmp_path, monkeypatch, capsys):
    check_mutants(60, 0, root, tmp_path, monkeypatch)


@pytest.mark.slow
def test_many_mutants(root, tmp_path, monkeypatch, capsys):
    check_mutants(2000, 1, root, tmp_path, monkeypatch)


WRONG = {
    'a :- X is "3"+1.': '"3" is text, not a number',
    'a :- X is "a"*1000000000.': '"a" is text, not a number',
    "a :- X is (10**10)**10000.": "has thousands of digits",
    "p(X) :- Y is X*X, p(Y). a :- p(3).": "has thousands of digits",
    "a :- X is 1/0.": "Division by zero",
    "a :- X is exp(100000).": "is a number beyond what can be written",
    "10.0**400::a.": "is a number beyond what can be written",
    "a :- length(X, 100000000).": "makes a list of more than 1,000,000 elements",
    "a :- between(1, 1000000000000, X).": "has more than 5,000,000 answers",
    "x::a.": "'x' is no probability of a",
    '"0.3"::a.': '\'"0.3"\' is no probability of a: "0.3" is text, not a number',
    "?::a.": "it is a decision, which `solve --decide` makes",
    "[0.1, 0.2]::a.": "intervals are not supported",
    "normal(0, 1)::a.": "continuous distributions are not supported",
    "a ~ normal(0, 1).": "'a ~ normal\\(0,1\\)': continuous distributions are not supported",
    "a(X) ~ poisson(3) :- b(X).": "continuous distributions are not supported",
    "nan::a.": "nan is no probability of a",
    "t(normal)::a.": "must start at a number, as in t\\(0.3\\), or at t\\(_\\)",
    "t(normal(_, _))::a.": "distributions cannot be learnt",
    "t(_, X)::a(X); t(_)::b(X) :- X = 1.": "have parameters alike, found t\\(_\\), t\\(_,X\\)",
    "t::a.": "t takes a start",
    "a :- foo(1).": "nothing defines foo/1",
    "a :- call(1).": "expected: \\(callable\\)",
    "a :- \\+ b. b :- \\+ a.": "Negative cycle",
    "a :- add(1, x, Y).": "ProbLog cannot ground it in a call of add/3: TypeError",
    "a :- condition(b).": "condition/1 does not work in ProbLog",
    "a. query(X).": "query\\(...\\) is given a variable",
    "a. evidence(X).": "evidence\\(...\\) is given a variable",
    "a :- b}.": "syntax error",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_in_one_line(text):
    with pytest.raises(ProgramError, match=rf"^task\.pl(:1)?: .*{WRONG[text]}") as raised:
        Program.from_string(text + " query(a).", networks={}, name="task.pl").solve(BUDGET)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["a :- p(0).", "a. :- p(0).", "a. query(X) :- p(0)."])
def test_what_does_not_end_is_given_up(text):
    budget = Budget(seconds=1.0)
    with pytest.raises(ProgramError, match="takes more than 1 seconds"):
        Program.from_string(text + " p(N) :- M is N+1, p(M). query(a).", networks={}, budget=budget).solve(
            budget
        )


RIGHT = {
    "\ufeff0.5::a. query(a).": {"a": 0.5},
    "0.5::a('X y'). query(a(_)).": {"a('X y')": 0.5},
    "p(1). a :- findall(X, p(X), _). query(a).": {"a": 1.0},
    ":- use_module(library(lists), [member/2]). 0.5::a(X) :- member(X, [1]). query(a(1)).": {"a(1)": 0.5},
    ":- module(m, [a/1]). 0.5::a(1).": {},
    f"0.5::a({'9' * 400}). 0.4::a(2). query(a(_)).": {"a(2)": 0.4, f"a({'9' * 400})": 0.5},
    "a :- length(X, -1). query(a).": {"a": 0.0},
    "X::a(X) :- X = 1/4. query(a(_)).": {"a(1/4)": 0.25},
    "a :- X is 2**10, X > 1000. query(a).": {"a": 1.0},
    "t(0.0)::a. query(a).": {"a": 0.0},
    "0.3::normal(1). X/4::beta(X) :- X = 2. query(normal(1)). query(beta(_)).": {
        "normal(1)": 0.3,
        "beta(2)": 0.5,
    },
    "t(_, X)::a :- member(X, [1, 2]). query(a).": {"a": 0.75},
}


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_unusual_works(text, tmp_path):
    path = tmp_path / "task.pl"
    path.write_text(text, encoding="utf-8")
    answers = Program.from_file(path, networks={}).solve()
    assert {str(term): p for term, p in answers} == pytest.approx(RIGHT[text])


def test_subquery_gives_the_probability_of_a_goal(root):
    answers = Program.from_file(root / "tests" / "cases" / "subquery.pl", networks={}).solve()
    assert [(str(term), p) for term, p in answers] == [("likely(0.65)", 1.0)]


def test_a_fault_of_our_own_is_not_dressed_up(monkeypatch):
    program = Program.from_string("a :- X is 1 + 1. query(a).", networks={})
    monkeypatch.setattr(guarded_builtins, "MOST_BITS", None)
    with pytest.raises(TypeError, match="not supported between instances of 'int' and 'NoneType'"):
        program.solve()
