"""A program's text, parsed by ProbLog, with every error traced back to FILE:LINE."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from problog.errors import ParseError
from problog.logic import Constant, Term
from problog.program import DefaultPrologFactory, DefaultPrologParser, PrologString

from gedi_nesy.files import read_text as text_of
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.problog_errors import ProblogErrors

_CLOSING = {"(": "')'", "[": "']'", "/*": "'*/'", "'": "a closing quote", '"': "a closing quote"}


_EXPECTED = {
    "Incomplete statement": "the clause does not end; expected '.'",
    "Empty statement found": "expected a clause before '.'",
    "Expected binary operator": "expected an operator such as ',' or ':-' before '{token}'",
    "Ambiguous token role": "expected a term before '{token}'",
}


@contextlib.contextmanager
def exact_numbers() -> Iterator[None]:
    """Numbers as they are written: ProbLog rounds to 15 decimals, which makes 1e-16 impossible."""
    places = Constant.FLOAT_PRECISION
    Constant.FLOAT_PRECISION = None  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        Constant.FLOAT_PRECISION = places


class WatchedParser(DefaultPrologParser):
    """ProbLog's parser, which asks every now and then whether to go on."""

    def __init__(self, check: Callable[[], None], identifier: int = 0):
        super().__init__(DefaultPrologFactory(identifier=identifier))
        self._check = check

    def _tokenize(self, s: str) -> Iterator[Any]:
        for number, token in enumerate(super()._tokenize(s)):
            if number % 64 == 0:
                self._check()
            yield token

    def fold(self, string: str, operators: Any, lo: int, hi: int, *rest: Any, **more: Any) -> Any:
        """One operator of a statement; of a long one each costs as much as the statement is long."""
        if hi - lo > 64:
            self._check()
        return super().fold(string, operators, lo, hi, *rest, **more)


@dataclass(frozen=True)
class Source:
    """The statements of one program and the place each of them came from."""

    name: str
    root: str
    text: str
    statements: tuple[Any, ...]
    line_info: list

    @staticmethod
    def from_file(path: str | os.PathLike[str], budget: Budget = DEFAULT_BUDGET) -> "Source":
        """Read and parse a .pl file; ProgramError if it is missing, not text, or has a syntax error."""
        text = read_text(path)
        return Source.from_string(text, str(path), os.path.dirname(os.path.abspath(path)), budget)

    @staticmethod
    def from_string(
        text: str, name: str = "<string>", root: str = ".", budget: Budget = DEFAULT_BUDGET
    ) -> "Source":
        """Parse program text; `root` is the folder that files it consults are relative to."""
        text = text.removeprefix("\ufeff")
        watch = Watch(name, "reading it", budget)
        watch.enter("reading")
        with ProblogErrors(name, name, "read"), exact_numbers(), watch:
            program = PrologString(text, parser=WatchedParser(lambda: watch.check(0)), source_root=root)
            try:
                statements = tuple(program)
            except ParseError as error:
                raise ProgramError(_syntax_error(name, text, error)) from None
        return Source(name, root, text, statements, program.line_info)

    @property
    def path(self) -> str:
        """Where the text lies, or would lie: ProbLog looks beside it for the files it consults."""
        return os.path.join(self.root, os.path.basename(self.name))

    def line(self, location: Any) -> int:
        """The line of a parsed term's location (a file index and a character); 0 if it is not in this text."""
        if location is None or location[0] != 0 or location[1] is None or not self.text:
            return 0
        return self.text.count("\n", 0, location[1]) + 1

    def where(self, location: Any) -> str:
        """FILE:LINE of a location, FILE alone if the line is not known."""
        line = self.line(location)
        return f"{self.name}:{line}" if line else self.name

    def line_of(self, statement: Any) -> int:
        """The line of a statement; annotated disjunctions carry it only in their heads."""
        locations = (getattr(term, "location", None) for term in subterms(statement))
        return next((line for location in locations if (line := self.line(location))), 0)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a .pl file, without a byte-order mark; ProgramError if it is missing or no text."""
    try:
        return text_of(path)
    except FileNotFoundError:
        raise ProgramError(f"{path}: no such program file") from None
    except IsADirectoryError:
        raise ProgramError(f"{path}: is a folder, not a program file") from None
    except UnicodeDecodeError:
        raise ProgramError(f"{path}: is not a text file in UTF-8") from None
    except OSError as error:
        raise ProgramError(f"{path}: cannot be read: {error.strerror}") from None


def where_of(source: Source, statement: Any) -> str:
    """FILE:LINE of a statement."""
    line = source.line_of(statement)
    return f"{source.name}:{line}" if line else source.name


def subterms(term: object) -> Iterator[Any]:
    """A term and all terms inside it, probabilities included, outermost first."""
    stack: list[Any] = [term]
    while stack:
        current = stack.pop()
        if not isinstance(current, Term):
            continue
        yield current
        stack.extend(reversed(current.args))
        if current.probability is not None:
            stack.append(current.probability)


def defined_predicates(source: Source) -> set[str]:
    """name/arity of every predicate that a program's text defines."""
    heads = (head for statement in source.statements for head in _defined_heads(statement))
    return {head.signature for head in heads if head.functor not in ("_directive", "query", "evidence")}


def _defined_heads(statement: Any) -> list[Any]:
    if hasattr(statement, "heads"):
        return list(statement.heads)
    if statement.functor in (":-", "<-") and statement.arity == 2:
        statement = statement.args[0]
    return list(statement.to_list()) if hasattr(statement, "to_list") else [statement]


def variable_names(term: Any) -> set[str]:
    """The names of all variables of a term."""
    return {str(part) for part in subterms(term) if part.is_var()}


def places(source: Source) -> dict[str, str]:
    """Where each name/arity of the program first occurs, for errors that ProbLog raises without a line."""
    found: dict[str, str] = {}
    for statement in source.statements:
        for term in subterms(statement):
            if getattr(term, "location", None) is not None:
                found.setdefault(term.signature, source.where(term.location))
    return found


def parse_query(text: str) -> Any:
    """Parse one query, without its full stop."""
    if not text.strip():
        raise ProgramError("the query is empty; expected a term such as sum(A, B, N)")
    source = Source.from_string(text.strip().rstrip(".") + ".", name=f"query '{text}'")
    if len(source.statements) != 1:
        raise ProgramError(f"query '{text}': expected one term, found {len(source.statements)}")
    return source.statements[0]


def _syntax_error(name: str, text: str, error: Any) -> str:
    _, line, column = error.location
    # ProbLog counts columns from 0 in the first line, and from 1 in all others.
    column -= line > 1
    offset = sum(len(row) + 1 for row in text.split("\n")[: line - 1]) + column
    token = (text[offset:].split() or [""])[0][:20]
    return f"{name}:{line}: syntax error at column {column + 1}: {_expectation(error.base_message, token)}"


def _expectation(message: str, token: str) -> str:
    if message.startswith("Unmatched character"):
        found = message.split("'", 1)[1][:-1]
        if found in _CLOSING:
            return f"'{found}' is never closed; expected {_CLOSING[found]}"
        return f"'{found}' closes nothing; expected an opening bracket before it"
    if message == "Expected binary operator" and token[:1] in ",;+-*/<>=:|&":
        return f"expected a term after '{token}'"
    if message in _EXPECTED:
        return _EXPECTED[message].format(token=token)
    return f"{message[:1].lower()}{message[1:]} at '{token}'"
