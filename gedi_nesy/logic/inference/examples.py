"""Interpretations to learn from: which atoms were seen to hold, and which not, an example after the other."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from problog.logic import Clause, Constant, Term, is_ground

from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.source import Source, read_text

SEPARATOR = "---"
"""What a line between two examples begins with."""

_END = "'end of an example'"


@dataclass(frozen=True)
class Example:
    """Atoms with the values they were seen to have; all others are unknown. `where` is FILE:LINE."""

    atoms: tuple[tuple[Any, bool], ...]
    where: str


def read_examples(path: str | os.PathLike[str]) -> list[Example]:
    """The examples of a file: evidence(...) facts, as in a program, with a line of --- between two examples.

    evidence(a, none) says that nothing is known of a. ProgramError with FILE:LINE for anything else.
    """
    lines = [
        f"{_END}." if line.strip().startswith(SEPARATOR) else line for line in read_text(path).splitlines()
    ]
    source = Source.from_string("\n".join(lines) + "\n", str(path))
    examples: list[Example] = []
    atoms: list[tuple[Any, bool]] = []
    where = str(path)
    for statement in source.statements:
        if str(statement) == _END:
            examples += [Example(tuple(atoms), where)] if atoms else []
            atoms = []
            continue
        where = where if atoms else _where(source, statement)
        atoms += _observed(source, statement)
    examples += [Example(tuple(atoms), where)] if atoms else []
    if not examples:
        raise ProgramError(f"{path}: holds no evidence(...) to learn from")
    return examples


def distinct_atoms(examples: Iterable[Example]) -> list[Any]:
    """Every atom of some example, once, in the order they are met."""
    return list(dict.fromkeys(atom for example in examples for atom, _ in example.atoms))


def _where(source: Source, statement: Any) -> str:
    line = source.line_of(statement)
    return f"{source.name}:{line}" if line else source.name


def _observed(source: Source, statement: Any) -> list[tuple[Any, bool]]:
    """The atom of one evidence fact with its value; nothing where that is `none`."""
    where = _where(source, statement)
    if isinstance(statement, Clause) or statement.functor != "evidence" or statement.arity not in (1, 2):
        raise ProgramError(
            f"{where}: an example is made of facts evidence(a), evidence(\\+a) and evidence(a, false), found"
            f" {statement}"
        )
    atom, value = statement.args[0], str(statement.args[1]) if statement.arity == 2 else "true"
    if value not in ("true", "false", "none"):
        raise ProgramError(f"{where}: evidence({atom}, {value}) must be true, false or none")
    if not isinstance(atom, Term) or isinstance(atom, Constant):
        raise ProgramError(f"{where}: evidence({atom}) is about no atom; it takes one, as in evidence(a(1))")
    if not is_ground(atom):
        raise ProgramError(f"{where}: evidence({atom}) has a variable; an example says what was seen")
    if value == "none":
        return []
    return [(-atom, value == "false") if atom.is_negated() else (atom, value == "true")]
