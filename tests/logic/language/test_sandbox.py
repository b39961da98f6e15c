"""No program runs Python, or reads a file outside its folder, unless it is told that it may."""

import contextlib
import itertools
import os
import random
import re

import pytest

from gedi_nesy.logic import Program, ProgramError

DANGEROUS = {
    "use_module": ":- use_module('{file}').",
    "use_module without suffix": ":- use_module('{stem}').",
    "use_module with predicates": ":- use_module('{file}', [hello/1]).",
    "use_module in a clause": "go :- use_module('{file}').",
    "consult": ":- consult('other.pl').",
    "consult as a list": ":- ['other.pl'].",
    "file known only later": "go(F) :- use_module(F).",
    "rewritten name": ":- '_use_module'(none, '{file}').",
    "library that opens files": ":- use_module(library(db)).",
    "path out of the library": ":- use_module(library('../../../../../../../../..{file}')).",
}


@pytest.fixture
def evil(tmp_path):
    """A Python file that leaves a mark when it is run, under every name that a program may reach it by."""
    mark = tmp_path / "mark"
    text = (
        f"open({str(mark)!r}, 'w').close()\n"
        "from problog.extern import problog_export\n"
        "@problog_export('-int')\n"
        "def hello():\n    return 1\n"
    )
    (tmp_path / "evil.py").write_text(text)
    (tmp_path / "engine_stack.py").write_text(text)
    (tmp_path / "other.pl").write_text(":- use_module('evil.py').\n")
    (tmp_path / "harmless.pl").write_text("harmless.\n")
    return {"file": tmp_path / "evil.py", "stem": tmp_path / "evil", "folder": tmp_path, "mark": mark}


def written(evil, text):
    path = evil["folder"] / "task.pl"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", DANGEROUS)
def test_refused_before_anything_is_run(name, evil):
    path = written(evil, "a.\n" + DANGEROUS[name].format(**evil))
    with pytest.raises(
        ProgramError, match=re.compile(r"^.*:[12]: .*; pass allow_python=True if you trust it$")
    ):
        Program.from_file(path, networks={})
    assert not evil["mark"].exists()


GOALS = {
    "written out": "G = {goal}",
    "=..": "G =.. [{name}, {arguments}]",
    "name put together": "concat(['{first}', '{rest}'], N), G =.. [N, {arguments}]",
    "all put together": "concat(['ev', '{suffix}'], A), concat(['{first}', '{rest}'], N), G =.. [N, A{more}]",
    "member of a list": "member(G, [{goal}])",
    "copied from a fact": "stored(G)",
}
CALLS = {
    "call": "call(G)",
    "a variable": "G",
    "call/N": "G =.. [N|As], apply(N, As)",
    "once": "once(G)",
    "not": "\\+ G",
    "double not": "\\+ \\+ G",
    "not/1": "not(G)",
    "findall": "findall(1, G, L)",
    "all": "all(1, G, L)",
    "all_or_none": "all_or_none(1, G, L)",
    "nested findall": "findall(1, findall(1, G, K), L)",
    "forall": "forall(true, G)",
    "forall, the other way": "forall(G, true)",
    "subquery": "subquery(G, _)",
    "subquery with evidence": "subquery(true, _, [G])",
    "subquery in a findall": "findall(P, subquery(G, P), L)",
    "subquery_in_scope": "find_scope(helper(_), S), subquery_in_scope(S, G, _)",
    "call_in_scope": "find_scope(helper(_), S), call_in_scope(S, G)",
    "try_call": "try_call(G)",
    "call_nc": "call_nc(G)",
    "maplist": "maplist(helper, [G])",
    "assertz": "assertz((planted :- G)), planted",
    "assertz of a directive": "assertz((:- G)), call('_directive')",
    "cut": "cut(planted_rule(G))",
    "if": "(G ; true)",
    "a list of files": "G =.. [_, A|_], call('.', A, [])",
    "possible": "possible(G)",
}
LOADS = {
    "use_module": ("use_module", "'evil.py'", ""),
    "use_module without suffix": ("use_module", "evil", ""),
    "use_module/2": ("use_module", "'evil.py'", ", [hello/1]"),
    "_use_module/2": ("'_use_module'", "'None'", ", 'evil.py'"),
    "_use_module/3": ("'_use_module'", "'None'", ", 'evil.py', [hello/1]"),
    "consult": ("consult", "'other.pl'", ""),
    "_consult": ("'_consult'", "'None'", ", 'other.pl'"),
    "library": ("use_module", "library('../../../../../../../..{stem}')", ""),
    "set_state": ("set_state", "1", ""),
    "check_state": ("check_state", "1", ""),
    "condition": ("condition", "true", ""),
}
PLACES = {
    "clause": "go :- {body}.\nquery(go).",
    "rule for a query": "go.\nquery(go) :- {body}.",
    "rule for evidence": "0.5::go.\nevidence(go) :- {body}.\nquery(go).",
    "probabilistic clause": "0.5::go :- {body}.\nquery(go).",
    "disjunction": "0.5::go; 0.5::stay :- {body}.\nquery(go).",
    "directive": ":- {body}.\ngo.\nquery(go).",
    "probability": "P::go :- {body}, P = 0.5.\nquery(go).",
}
HEADER = """:- use_module(library(lists)).
:- use_module(library(apply)).
:- use_module(library(string)).
:- use_module(library('assert.py')).
:- use_module(library(cut)).
helper(G) :- call(G).
planted_rule(1, G) :- call(G).
apply(N, [A]) :- call(N, A).
apply(N, [A, B]) :- call(N, A, B).
apply(N, [A, B, C]) :- call(N, A, B, C).
"""


def attempt(load, goal, call, place, stem):
    """A program that reaches for a loader in one of the many ways."""
    name, argument, more = LOADS[load]
    argument = argument.format(stem=stem)
    bare = name.strip("'")
    arguments = argument + more
    fields = {
        "goal": f"{name}({arguments})",
        "name": name,
        "arguments": arguments,
        "more": more,
        "first": bare[:4],
        "rest": bare[4:],
        "suffix": "il.py",
    }
    body = f"{GOALS[goal].format(**fields)}, {CALLS[call]}"
    stored = f"stored({fields['goal']}).\n" if goal == "copied from a fact" else ""
    return HEADER + stored + PLACES[place].format(body=body)


def run(path, **permissions):
    """Load and solve, as far as it goes; a refusal is a ProgramError and nothing else may come out."""
    with contextlib.suppress(ProgramError):
        program = Program.from_file(path, networks={}, **permissions)
        program.solve()
        program.compile("go", images=[])


def check_attempts(attempts, evil, monkeypatch):
    monkeypatch.chdir(evil["folder"])
    monkeypatch.syspath_prepend(str(evil["folder"]))
    for ways in attempts:
        run(written(evil, attempt(*ways, evil["stem"])))
        assert not evil["mark"].exists(), ways


ALL_WAYS = list(itertools.product(LOADS, GOALS, CALLS, PLACES))


def test_no_way_of_putting_a_goal_together_reaches_a_loader(evil, monkeypatch, capsys):
    check_attempts(random.Random(0).sample(ALL_WAYS, 60), evil, monkeypatch)


@pytest.mark.slow
def test_none_of_many_ways_reaches_a_loader(evil, monkeypatch, capsys):
    check_attempts(random.Random(1).sample(ALL_WAYS, 1500), evil, monkeypatch)


def test_the_attempts_are_real_ones(evil, monkeypatch, capsys):
    """With `allow_python` the same programs do run the file, so that the tests above could fail."""
    monkeypatch.chdir(evil["folder"])
    for goal, call in itertools.product(GOALS, ("call", "findall", "subquery")):
        run(written(evil, attempt("use_module", goal, call, "clause", evil["stem"])), allow_python=True)
        assert evil["mark"].exists(), (goal, call)
        evil["mark"].unlink()


def test_a_call_put_together_while_running_is_refused_with_its_name(evil):
    text = (
        ":- use_module(library(string)).\ngo :- concat(['use_', 'module'], F), G =.. [F, 'evil.py'], call(G)."
    )
    program = Program.from_file(written(evil, text), networks={})
    message = (
        r"task\.pl.*: 'use_module\('evil\.py'\)' would run the Python file .*evil\.py; pass allow_python"
    )
    with pytest.raises(ProgramError, match=message):
        program.compile("go", images=[])
    assert not evil["mark"].exists()


def test_allowed_when_told(evil):
    path = written(evil, ":- use_module('evil.py').\n0.5 :: b(1).\na(X) :- hello(X), b(X).")
    program = Program.from_file(path, networks={}, allow_python=True)
    assert evil["mark"].exists()
    assert [str(term) for term in program.compile("a(X)", images=[], answer="X").answers] == ["1"]


def test_problogs_own_libraries_are_welcome():
    text = """
    :- use_module(library(lists)).
    :- use_module(library(apply)).
    :- use_module(library(string)).
    0.5 :: b(1).
    a(X) :- member(X, [1, 2]), b(X).
    """
    assert Program.from_string(text, networks={}).compile("a(X)", images=[], answer="X").answers == (1,)


def test_a_name_that_is_only_a_word_is_no_loader():
    text = (
        "0.3::consult(ann, bob). 0.4::act(consult). act(use_module). query(consult(ann, X)). query(act(_))."
    )
    answers = Program.from_string(text, networks={}).solve()
    assert {str(term): round(p, 9) for term, p in answers} == {
        "consult(ann,bob)": 0.3,
        "act(consult)": 0.4,
        "act(use_module)": 1.0,
    }


@pytest.fixture
def outside(tmp_path):
    """A folder with a program's place in it, and files beside that folder, reached by path, `..` and links."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.pl").write_text("secret(1).\n")
    os.symlink(tmp_path / "secret.pl", folder / "link.pl")
    os.symlink(tmp_path, folder / "linked")
    (folder / "inside").mkdir()
    (folder / "inside" / "facts.pl").write_text("secret(1).\n")
    (folder / "chain.pl").write_text(":- consult('../secret.pl').\n")
    return folder


@pytest.mark.parametrize(
    "name", ["../secret.pl", "../secret", "link.pl", "linked/secret.pl", "chain.pl", "inside/../../secret.pl"]
)
@pytest.mark.parametrize("loader", [":- consult('{}').", ":- use_module('{}').", ":- ['{}']."])
def test_files_outside_the_folder_are_not_read_unasked(name, loader, outside):
    path = outside / "task.pl"
    path.write_text(loader.format(name) + "\n0.5::a :- secret(1).\nquery(a).")
    with pytest.raises(
        ProgramError, match=r"outside the folder .*; pass allow_outside=True if that is meant$"
    ):
        Program.from_file(path, networks={})
    assert Program.from_file(path, networks={}, allow_outside=True).solve()[0][1] == pytest.approx(0.5)


def test_files_inside_the_folder_are_read(outside):
    path = outside / "task.pl"
    path.write_text(":- consult('inside/facts').\n0.5::a :- secret(1).\nquery(a).")
    assert Program.from_file(path, networks={}).solve()[0][1] == pytest.approx(0.5)


def test_a_file_that_the_text_does_not_name_is_not_read(outside):
    """What a program reads would otherwise not be known to the cache of compiled queries."""
    (outside / "facts.pl").write_text("secret(1).\n")
    path = outside / "task.pl"
    text = ":- use_module(library(string)).\na :- concat(['fac', 'ts.pl'], F), G =.. [consult, F], call(G).\n"
    path.write_text(text + "query(a).")
    with pytest.raises(ProgramError, match="which the text does not name"):
        Program.from_file(path, networks={}).solve()


def test_what_is_no_file_is_not_read(outside):
    path = outside / "task.pl"
    for name, message in (
        ("inside", "names what is no file"),
        ("nothing", "names a file that does not exist"),
    ):
        path.write_text(f":- consult('{name}').")
        with pytest.raises(ProgramError, match=message):
            Program.from_file(path, networks={})


def test_assertz_reaches_only_its_own_program():
    text = ":- use_module(library('assert.py')).\ngo :- assertz(other(1)), other(1).\nother(0).\nquery(go)."
    first = Program.from_string(text, networks={})
    second = Program.from_string("0.5::other(0). query(other(_)).", networks={})
    first.solve()
    assert [str(term) for term, _ in second.solve()] == ["other(0)"]
