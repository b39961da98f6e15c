"""No program runs Python unless it is told that it may."""

import re

import pytest

from gedi_nesy.logic import Program, ProgramError

DANGEROUS = {
    "use_module": ":- use_module('{file}').",
    "use_module without suffix": ":- use_module('{stem}').",
    "use_module with predicates": ":- use_module('{file}', [hello/1]).",
    "use_module in a clause": "go :- use_module('{file}').",
    "consult": ":- consult('{other}').",
    "consult as a list": ":- ['{other}'].",
    "file known only later": "go(F) :- use_module(F).",
    "meta-call": "go(F) :- call(use_module, F).",
    "rewritten name": ":- '_use_module'(none, '{file}').",
    "name in a list": "go(F) :- G =.. [use_module, F], call(G).",
    "library that opens files": ":- use_module(library(db)).",
    "path out of the library": ":- use_module(library('../../../../../../../../..{file}')).",
}


@pytest.fixture
def evil(tmp_path):
    """A Python file that leaves a mark when it is run, and a program that loads it."""
    mark = tmp_path / "mark"
    file = tmp_path / "evil.py"
    file.write_text(
        f"open({str(mark)!r}, 'w').close()\n"
        "from problog.extern import problog_export\n"
        "@problog_export('-int')\n"
        "def hello():\n    return 1\n"
    )
    other = tmp_path / "other.pl"
    other.write_text(f":- use_module('{file}').\n")
    return {"file": file, "stem": tmp_path / "evil", "other": other, "mark": mark}


@pytest.mark.parametrize("name", DANGEROUS)
def test_refused_before_anything_is_run(name, evil):
    text = "a.\n" + DANGEROUS[name].format(**evil)
    with pytest.raises(
        ProgramError, match=re.compile(r"^.*:[12]: .*; pass allow_python=True if you trust it$")
    ):
        Program.from_string(text, networks={}, name="task.pl")
    assert not evil["mark"].exists()


def test_name_put_together_while_running_is_refused_at_the_door(evil):
    text = f"""
    :- use_module(library(string)).
    go :- concat(['use_', 'module'], F), G =.. [F, '{evil["file"]}'], call(G).
    """
    program = Program.from_string(text, networks={})
    with pytest.raises(ProgramError, match="tried to run the Python file"):
        program.compile("go", images=[])
    assert not evil["mark"].exists()


def test_allowed_when_told(evil):
    text = f":- use_module('{evil['file']}').\n0.5 :: b(1).\na(X) :- hello(X), b(X)."
    program = Program.from_string(text, networks={}, allow_python=True)
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
