"""What a program may read and run: nothing but its own text, files it names beside it, and ProbLog's libraries.

A ProbLog program can load Python (`:- use_module('file.py')`), so running one is otherwise running code. Refused
here: Python files, but for those of ProbLog's own that only compute (`TRUSTED_PYTHON`); files outside the
program's folder, also by `..` and symbolic links; files that the text does not name. `allow_python` permits all
of it, `allow_outside` ProbLog files anywhere, as long as the text names them.

`Guard` reads the text before anything is run, so that errors have a line; `GuardedDatabase` asks it again at
the door itself, so that it does not matter how a goal was put together. See docs/security-of-programs.md.
"""

import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import problog
from problog.logic import And, Clause, Not, Or, Term, is_variable, unquote

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.source import Source, defined_predicates, subterms

LOADERS = {"use_module/1", "use_module/2", "consult/1"}
"""Predicates by which a program reads another file."""

REWRITTEN = {"_use_module/2", "_use_module/3", "_consult/2"}
"""What ProbLog makes of them; nobody has a reason to write these."""

LIBRARY_DIRECTORY = os.path.realpath(os.path.join(os.path.dirname(problog.__file__), "library"))

TRUSTED_PYTHON = {
    os.path.join(LIBRARY_DIRECTORY, name) for name in ("lists.py", "string.py", "record.py", "assert.py")
}
"""ProbLog's own Python that only computes; `db.py` opens files and `aproblog.py` changes what probability
means.
"""

_PYTHON_HINT = "pass allow_python=True if you trust it"
_OUTSIDE_HINT = "pass allow_outside=True if that is meant"


class Guard:
    """Decides about every file that one program asks for; `files` are those its text names, by real path.

    The text is read when the guard is made, and a program that asks for what it may not have is refused then.
    """

    def __init__(
        self,
        source: Source,
        allow_python: bool,
        allow_outside: bool = False,
        budget: Budget = DEFAULT_BUDGET,
    ):
        self.source, self.budget = source, budget
        self.allow_python = allow_python
        self.allow_outside = allow_outside or allow_python
        self.root = os.path.realpath(source.root)
        self.files: dict[str, Source] = {}
        if not allow_python:
            self._inspect(source)

    @cached_property
    def defined(self) -> frozenset[str]:
        """name/arity of every predicate that the program, or a file it names, defines."""
        return frozenset().union(*map(defined_predicates, (self.source, *self.files.values())))

    def check_python(self, path: str, where: str, what: str) -> None:
        """ProgramError unless this Python file may be run."""
        if not self.allow_python and os.path.realpath(path) not in TRUSTED_PYTHON:
            raise ProgramError(f"{where}: {what} would run the Python file {path}; {_PYTHON_HINT}")

    def check_file(self, path: str, where: str, what: str) -> None:
        """ProgramError unless this file may be read as part of the program."""
        real = os.path.realpath(path)
        if not self.allow_outside and not (_within(real, self.root) or _within(real, LIBRARY_DIRECTORY)):
            raise ProgramError(
                f"{where}: {what} reads {path}, outside the folder {self.root}; {_OUTSIDE_HINT}"
            )
        if not os.path.exists(real):
            raise ProgramError(f"{where}: {what} names a file that does not exist: {path}")
        if not os.path.isfile(real):
            raise ProgramError(f"{where}: {what} names what is no file: {path}")

    def check_named(self, path: str, where: str, what: str) -> None:
        """The same while the program runs, and ProgramError unless its text names the file."""
        self.check_file(path, where, what)
        real = os.path.realpath(path)
        if not self.allow_python and real not in self.files and not _within(real, LIBRARY_DIRECTORY):
            raise ProgramError(f"{where}: {what} reads {path}, which the text does not name; {_PYTHON_HINT}")

    def _inspect(self, source: Source) -> None:
        for statement in source.statements:
            for term in subterms(statement):
                signature = f"{unquote(str(term.functor))}/{term.arity}"
                if signature in REWRITTEN:
                    where = source.where(term.location)
                    raise ProgramError(
                        f"{where}: '{term}' loads a file behind ProbLog's back; {_PYTHON_HINT}"
                    )
                if signature in LOADERS:
                    self._inspect_file(source, term, term.args[0])
            for goal in _directives(statement):
                if isinstance(goal, Term) and goal.functor == "." and goal.arity == 2:
                    for name in _list(goal):
                        self._inspect_file(source, goal, name)

    def _inspect_file(self, source: Source, term: Any, name: Any) -> None:
        where = source.where(term.location)
        if not isinstance(name, Term) or any(is_variable(part) for part in subterms(name)):
            raise ProgramError(
                f"{where}: '{term}' reads a file not named in the text, which may be Python; {_PYTHON_HINT}"
            )
        path = _resolve(source, name)
        if path.endswith(".py"):
            self.check_python(path, where, f"'{term}'")
        elif os.path.dirname(path) == LIBRARY_DIRECTORY:
            _check_library(where, term, path)
        elif (real := os.path.realpath(path)) not in self.files:
            self.check_file(path, where, f"'{term}'")
            consulted = self.files[real] = Source.from_file(path, self.budget)
            self._inspect(consulted)


def _within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _directives(statement: Any) -> Iterator[Any]:
    if isinstance(statement, Clause) and getattr(statement.head, "functor", None) == "_directive":
        goals = [statement.body]
        while goals:
            goal = goals.pop()
            if isinstance(goal, And | Or | Not):
                goals += goal.args
            else:
                yield goal


def _list(term: Any) -> Iterator[Any]:
    """The elements of a list, of one with an open end as well."""
    while isinstance(term, Term) and term.functor == "." and term.arity == 2:
        yield term.args[0]
        term = term.args[1]


def _check_library(where: str, term: Any, path: str) -> None:
    if not os.path.exists(path):
        known = sorted(name[:-3] for name in os.listdir(LIBRARY_DIRECTORY) if name.endswith(".pl"))
        raise ProgramError(f"{where}: '{term}' names no library of ProbLog; known: {', '.join(known)}")


def _resolve(source: Source, name: Any) -> str:
    """The file ProbLog would open, in the order it tries: as written, then .pl, then .py."""
    if name.functor == "library" and name.arity == 1:
        directory, stem = LIBRARY_DIRECTORY, unquote(str(name.args[0]))
    else:
        directory, stem = source.root, unquote(str(name))
    path = os.path.normpath(os.path.join(directory, stem))
    for candidate in (path, path + ".pl", path + ".py"):
        if os.path.exists(candidate):
            return candidate
    return path
