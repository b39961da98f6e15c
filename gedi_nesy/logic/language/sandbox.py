"""Keeps a program from loading Python: running a ProbLog program may otherwise run any code.

ProbLog has one door to Python, `ClauseDB.load_external_module`, reached by `use_module`, also from
consulted files. `inspect` reads the text before anything is run; `GuardedEngine` stands at the door itself,
so that a name put together while the program runs (`G =.. [use_module, F], call(G)`) is refused as well.
"""

import os
from collections.abc import Iterator
from typing import Any

import problog
from problog.engine import DefaultEngine
from problog.logic import Clause, Term, is_variable, term2list, unquote

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.source import Source, subterms

LOADERS = {"use_module", "consult", "_use_module", "_consult"}
"""Names by which a program reads another file; the last two are what ProbLog rewrites the first two to."""

LIBRARY_DIRECTORY = os.path.join(os.path.dirname(problog.__file__), "library")

TRUSTED_PYTHON = {
    os.path.join(LIBRARY_DIRECTORY, name) for name in ("lists.py", "string.py", "record.py", "assert.py")
}
"""ProbLog's own Python that only computes; `db.py` opens files and `aproblog.py` changes what probability
means.
"""

_HINT = "pass allow_python=True if you trust it"


def inspect(source: Source) -> dict[str, str]:
    """Refuse a program that would load Python; returns the text of the other files it consults, by path."""
    seen: dict[str, str] = {}
    _inspect(source, seen)
    return seen


def _inspect(source: Source, seen: dict[str, str]) -> None:
    for statement in source.statements:
        for term in subterms(statement):
            if unquote(str(term.functor)) in LOADERS:
                _inspect_load(source, term, seen)
        for goal in _directives(statement):
            if goal.functor == "." and goal.arity == 2:
                for name in term2list(goal, deep=False):
                    _inspect_file(source, goal, name, seen)


def _directives(statement: Any) -> Iterator[Any]:
    if isinstance(statement, Clause) and getattr(statement.head, "functor", None) == "_directive":
        yield from subterms(statement.body)


def _inspect_load(source: Source, term: Any, seen: dict[str, str]) -> None:
    where = source.where(term.location)
    if unquote(term.functor).startswith("_") or term.arity == 0:
        raise ProgramError(
            f"{where}: '{term.functor}' may load Python in a way no inspection can follow; {_HINT}"
        )
    _inspect_file(source, term, term.args[0], seen)


def _inspect_file(source: Source, term: Any, name: Any, seen: dict[str, str]) -> None:
    where = source.where(term.location)
    if is_variable(name) or not isinstance(name, Term) or any(is_variable(part) for part in subterms(name)):
        raise ProgramError(
            f"{where}: '{term}' reads a file not named in the text, which may be Python; {_HINT}"
        )
    path = _resolve(source, name)
    if path.endswith(".py"):
        if path not in TRUSTED_PYTHON:
            raise ProgramError(f"{where}: '{term}' would run the Python file {path}; {_HINT}")
    elif os.path.dirname(path) == LIBRARY_DIRECTORY:
        _inspect_library(where, term, path)
    elif path not in seen:
        if not os.path.exists(path):
            raise ProgramError(f"{where}: '{term}' names a file that does not exist: {path}")
        consulted = Source.from_file(path)
        seen[path] = consulted.text
        _inspect(consulted, seen)


def _inspect_library(where: str, term: Any, path: str) -> None:
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


class GuardedEngine(DefaultEngine):
    """ProbLog's grounding engine, knowing the program's file and lines, and refusing untrusted Python at
    run time.
    """

    def __init__(self, source: Source, allow_python: bool):
        super().__init__()
        self._source = source
        self._allow_python = allow_python
        self._steps = 0
        self.watch: Watch | None = None

    def begin(self, watch: Watch | None) -> None:
        """Start afresh: ProbLog leaves the goals of a query that failed with an error on its stack."""
        self.watch = watch
        self.cycle_root = None
        self.pointer = 0
        self.shrink_stack()

    def create_context(self, *args: Any, **kwargs: Any) -> Any:
        """ProbLog calls this at every step, so an endless recursion is noticed here even if it grounds
        nothing.
        """
        self._steps += 1
        if self.watch is not None and self._steps % 1024 == 0:
            self.watch.check(self.watch.nodes)
        return super().create_context(*args, **kwargs)

    def _process_directives(self, db):
        # Called between storing the clauses and running the first directive: the one moment to set these.
        db.source_root = self._source.root
        db.source_files = [os.path.join(self._source.root, os.path.basename(self._source.name))]
        db.line_info = list(self._source.line_info)
        if not self._allow_python:
            db.load_external_module = _refuse_untrusted(self._source, db.load_external_module)
        return super()._process_directives(db)


def _refuse_untrusted(source: Source, load):
    def load_trusted(filename: str):
        if os.path.normpath(filename) not in TRUSTED_PYTHON:
            raise ProgramError(f"{source.name}: the program tried to run the Python file {filename}; {_HINT}")
        return load(filename)

    return load_trusted
