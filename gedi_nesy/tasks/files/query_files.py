"""Files of queries that hold: facts of Prolog, or a table whose columns are a query's variables.

They are parsed, and nothing in them is run: a file of queries is data.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from problog.logic import Constant, Term, Var, list2term, unquote

from gedi_nesy.data.dataset import DataError
from gedi_nesy.errors import did_you_mean
from gedi_nesy.files import read_text
from gedi_nesy.logic.grounding.front_end import substitute
from gedi_nesy.logic.language.source import Source, parse_query, subterms, variable_names

TABLES, FACTS = (".csv", ".tsv"), (".pl", ".pro", ".prolog", ".problog", ".txt")
NUMBER = re.compile(r"[+-]?\d{1,18}")
DECIMAL = re.compile(r"[+-]?(\d+\.\d*|\.?\d+)([eE][+-]?\d+)?")
ATOM = re.compile(r"[a-z]\w*", re.ASCII)


class Stated(NamedTuple):
    """A query as a file has it: the names of its images in it, and a variable where an answer is asked for."""

    term: Term
    where: str
    """FILE:LINE"""


def read_query_file(
    path: Path, program: Source, query: str | None = None, asking: bool = False
) -> list[Stated]:
    """All queries of a file, in its order; DataError with FILE:LINE says what cannot be used.

    `query`, such as `sum(A, B, N)`, says which query the columns of a table are the variables of; without it, it is the
    head of a clause of the program that has these variables. `asking` allows answers to be left open.
    """
    ending = path.suffix.lower()
    if ending not in (*TABLES, *FACTS):
        raise DataError(f"{path}: queries are read from a table (.csv) or from facts (.pl)")
    text = _text(path)
    if ending in FACTS:
        if query is not None:
            raise DataError(f"--query {query}: it is for tables; the facts of {path} say what they are")
        found = list(_facts(path, text))
    else:
        found = list(_rows(path, text, program, query, asking))
    if not found:
        raise DataError(f"{path}: holds no query")
    for each in found:
        if not asking and (names := variable_names(each.term)):
            raise DataError(f"{each.where}: {each.term} leaves {', '.join(sorted(names))} open")
    return found


def name_of(constant: Any) -> str:
    """What a constant of a query calls an image: its text, without quotes."""
    return unquote(str(constant)).strip('"')


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file of queries") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not text in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _facts(path: Path, text: str) -> Iterator[Stated]:
    source = Source.from_string(text, str(path))
    for statement in source.statements:
        where = source.where(statement.location) if getattr(statement, "location", None) else str(path)
        if type(statement) is not Term or statement.probability is not None:
            raise DataError(
                f"{where}: expected a fact such as addition('a.png', 'b.png', 7), found {statement}"
            )
        yield Stated(statement, where)


def _rows(path: Path, text: str, program: Source, query: str | None, asking: bool) -> Iterator[Stated]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if not any(header):
            raise DataError(f"{path}: is empty; its first line names the variables of the query")
        term = parse_query(query) if query is not None else _query_of(header, program, path)
        variables = _variables(path, header, term, asking)
        for row in lines:
            if not any(cell.strip() for cell in row):
                continue
            where = f"{path}:{lines.line_num}"
            if len(row) != len(header):
                raise DataError(f"{where}: {len(row)} cells, and {len(header)} columns: {', '.join(header)}")
            given = {}
            for variable, cell in zip(variables, row, strict=True):
                if cell.strip():
                    given[variable] = cell_term(cell, where)
                elif not asking:
                    raise DataError(f"{where}: {variable} is empty")
            yield Stated(substitute(term, given), where)
    except csv.Error as error:
        raise DataError(f"{path}:{lines.line_num}: no table: {error}") from None


def cell_term(cell: str, where: str) -> Term:
    """What a cell of a table says: a number, an atom, a list, a tuple; anything else is a name, of a file perhaps."""
    text = cell.strip()
    if NUMBER.fullmatch(text):
        return Constant(int(text))
    if DECIMAL.fullmatch(text):
        return Constant(float(text))
    if ATOM.fullmatch(text):
        return Term(text)
    if text[0] == "[" and text[-1] == "]" and not re.search(r"[\[(]", text[1:]):
        parts = [part for part in re.split("[,;]", text[1:-1]) if part.strip()]
        return list2term([cell_term(part.strip().strip("'\""), where) for part in parts])
    if text[0] in "[(":
        found = parse_query(text)
        if variable_names(found):
            raise DataError(
                f"{where}: {text} holds a variable; atoms begin with a small letter, or are quoted"
            )
        return found
    return Term(f"'{text}'") if text[0] != "'" else Term(text)


def _variables(path: Path, header: Sequence[str], term: Any, asking: bool) -> list[str]:
    """The variable of each column; capitals do not matter where there is no doubt."""
    known = sorted(variable_names(term), key=str(term).find)
    folded = {name.casefold(): name for name in known}
    found = []
    for name in header:
        variable = name if name in known else folded.get(name.casefold())
        if variable is None:
            raise DataError(f"{path}:1: column '{name}' is no variable of {term}{did_you_mean(name, known)}")
        if variable in found:
            raise DataError(f"{path}:1: two columns are {variable}")
        found.append(variable)
    missing = [name for name in known if name not in found and not name.startswith("_")]
    if missing and not asking:
        raise DataError(f"{path}:1: no column is {missing[0]}, a variable of {term}")
    return found


def _query_of(header: Sequence[str], program: Source, path: Path) -> Any:
    """The head of the only clause, or the only query(...), whose variables the columns are."""
    columns = {name.casefold() for name in header}
    heads = list(_heads(program))
    scores = [_likeness(columns, _folded(head)) for head in heads]
    best = max(scores, default=(0, 0.0))
    found = [head for head, score in zip(heads, scores, strict=True) if score == best and score[0] > 0]
    fitting = [head for head in found if _folded(head) == columns] or found
    called = _called(program)
    chosen = [head for head in fitting if head.signature not in called] or fitting
    if not chosen:
        example = next((str(head) for head in reversed(heads)), "sum(A, B, N)")
        raise DataError(
            f"{path}:1: no clause of {program.name} has the variables {', '.join(header)};"
            f" say what they are: --query '{example}'"
        )
    if len({head.signature for head in chosen}) > 1:
        names = ", ".join(dict.fromkeys(str(head) for head in chosen))
        raise DataError(f"{path}:1: its columns may be those of {names}; say which: --query '{chosen[0]}'")
    return chosen[0]


def _likeness(columns: set[str], variables: set[str]) -> tuple[int, float]:
    """How many names are the same, and how alike all of them are: a wrong letter does not hide what is meant."""
    alike = SequenceMatcher(None, " ".join(sorted(columns)), " ".join(sorted(variables))).ratio()
    return len(columns & variables), alike


def _folded(head: Any) -> set[str]:
    return {name.casefold() for name in variable_names(head)}


def _heads(program: Source) -> Iterator[Any]:
    """Of clauses, and what is asked for in query(...), where no argument is anything but a variable."""
    for statement in program.statements:
        head = statement.args[0] if getattr(statement, "functor", "") in (":-", "query") else None
        if isinstance(head, Term) and head.arity and all(isinstance(each, Var) for each in head.args):
            yield head


def _called(program: Source) -> set[str]:
    """name/arity of all that stands in a body."""
    bodies = [each.args[1] for each in program.statements if getattr(each, "functor", "") == ":-"]
    return {part.signature for body in bodies for part in subterms(body)}
