"""From queries as a file has them to templates: which arguments are images, and which one is the answer."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from problog.logic import Constant, Term, Var

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.pictures import ENDINGS
from gedi_nesy.logic import Program, ProgramError, Query
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Watch
from gedi_nesy.logic.errors import TooLargeError, did_you_mean
from gedi_nesy.logic.grounding.front_end import substitute
from gedi_nesy.logic.grounding.ground import Request, ground
from gedi_nesy.logic.grounding.image_arguments import image_places
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.source import parse_query
from gedi_nesy.tasks.files.query_files import Stated, name_of
from gedi_nesy.tasks.programs import answer_columns, value_key

ANSWER = "Answer"
Path = tuple[int | str, ...]
"""Where a constant stands: arguments from the outside in; all elements of a list stand at one place."""


class Row(NamedTuple):
    """One query of a template: the names of its images, its answer (None: asked for, or there is none)."""

    images: tuple[str, ...]
    answer: Any
    where: str
    number: int
    """of the query in its file, from 0"""


class StatedTemplate(NamedTuple):
    """Queries of one template, compiled with the images open, and their answer where it has one."""

    query: Query
    rows: tuple[Row, ...]


class _Open(NamedTuple):
    """A query with its images and its answer open."""

    text: str
    row: Row


def templates_of(
    stated: Sequence[Stated], program: Program, is_image: Callable[[str], bool]
) -> list[StatedTemplate]:
    """All templates; DataError or ProgramError, with FILE:LINE, where queries do not fit the program.

    An argument holds images if a network reads what stands there, or if `is_image` says so of a name there, or its
    ending does. Of the other arguments, one is the answer: the one left open, else the one of most different values.
    """
    by_signature: dict[str, list[int]] = {}
    for number, each in enumerate(stated):
        by_signature.setdefault(each.term.signature, []).append(number)
    found = []
    for numbers in by_signature.values():
        own = [stated[number] for number in numbers]
        _check_defined(own[0], program)
        places = _image_places(own, program, is_image)
        answer = _answer_argument(own, places)
        opened = [_opened(number, stated[number], places, answer) for number in numbers]
        groups: dict[str, list[Row]] = {}
        for each in opened:
            groups.setdefault(each.text, []).append(each.row)
        for text, rows in groups.items():
            found += _compiled(program, text, rows, ANSWER if answer is not None else None)
    return found


def _check_defined(stated: Stated, program: Program) -> None:
    term = stated.term
    if not program.front_end.defines(term):
        hint = did_you_mean(term.signature, program.front_end.defined_predicates())
        raise DataError(f"{stated.where}: nothing in {program.source.name} defines {term.signature}{hint}")


def _leaves(term: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The constants and variables of a term from left to right, and where they stand."""
    if isinstance(term, Var) or not term.arity:
        if str(term) != "[]":
            yield path, term
        return
    for place, part in _parts(term, path):
        yield from _leaves(part, place)


def _parts(term: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The arguments of a term, or the elements of a list and its end, and where they stand."""
    if not _is_list(term):
        yield from (((*path, place), part) for place, part in enumerate(term.args))
        return
    while _is_list(term):
        yield (*path, "*"), term.args[0]
        term = term.args[1]
    yield (*path, "|"), term


def _is_list(term: Any) -> bool:
    return not isinstance(term, Var) and str(term.functor) == "." and term.arity == 2


def _image_places(
    stated: Sequence[Stated], program: Program, is_image: Callable[[str], bool]
) -> frozenset[Path]:
    """Where images stand in queries of one name and arity."""
    found: set[Path] = set()
    for each in stated:
        for path, leaf in _leaves(each.term):
            if path not in found and _looks_like_image(leaf, is_image):
                found.add(path)
    shortest = min(stated, key=lambda each: sum(1 for _ in _leaves(each.term)))
    leaves = list(_leaves(shortest.term))
    found |= {leaves[place][0] for place in _read_places(shortest.term, program)}
    if not found:
        raise DataError(
            f"{stated[0].where}: no network of {program.source.name} reads any of {stated[0].term}"
        )
    return frozenset(found)


def _looks_like_image(leaf: Any, is_image: Callable[[str], bool]) -> bool:
    if isinstance(leaf, Var) or (isinstance(leaf, Constant) and not isinstance(leaf.value, str)):
        return False
    name = name_of(leaf)
    return is_image(name) or any(name.lower().endswith(ending) for ending in ENDINGS)


def _read_places(term: Any, program: Program) -> list[int]:
    """Which constants of a query a network would read, counted from the left."""

    def slots_of(query: Term) -> Sequence[Slot]:
        with Watch(program.source.name, str(term), DEFAULT_BUDGET) as watch:
            request = Request(str(term), (query,), (), (), merge=False)
            return ground(program.front_end, request, program.neural_predicates, watch).slots

    return image_places(term, slots_of)


def _answer_argument(stated: Sequence[Stated], places: frozenset[Path]) -> int | None:
    """Of the arguments without images the one that is left open, else the last of those with most values."""
    with_images = {path[0] for path in places}
    free = [number for number in range(stated[0].term.arity) if number not in with_images]
    if not free:
        return None
    opened = {number for each in stated for number in free if isinstance(each.term.args[number], Var)}
    if len(opened) > 1:
        raise DataError(
            f"{stated[0].where}: {stated[0].term} asks for several things; one answer can be asked for"
        )
    if opened:
        return opened.pop()
    values = {number: len({str(each.term.args[number]) for each in stated}) for number in free}
    return max(free, key=lambda number: (values[number], number))


def _opened(number: int, stated: Stated, places: frozenset[Path], answer: int | None) -> _Open:
    """The template of a query as text, and what stands at its open places."""
    names: list[str] = []

    def opened(path: Path, term: Any) -> Any:
        if path in places and not term.arity and str(term) != "[]":
            if isinstance(term, Var):
                raise DataError(f"{stated.where}: {stated.term} leaves an image open, {term}")
            names.append(name_of(term))
            return Var(f"Image{len(names)}")
        if isinstance(term, Var) or not term.arity:
            return term
        parts = [opened(place, part) for place, part in _parts(term, path)]
        return _listed(parts) if _is_list(term) else term.with_args(*parts)

    term = stated.term
    given = None if answer is None else term.args[answer]
    arguments = [
        Var(ANSWER) if place == answer else opened((place,), each) for place, each in enumerate(term.args)
    ]
    value = None if isinstance(given, Var) else given
    return _Open(str(term.with_args(*arguments)), Row(tuple(names), value, stated.where, number))


def _listed(parts: Sequence[Any]) -> Any:
    """A list of all parts but the last, which is its end."""
    found = parts[-1]
    for part in reversed(parts[:-1]):
        found = Term(".", part, found)
    return found


def _compiled(program: Program, text: str, rows: list[Row], answer: str | None) -> list[StatedTemplate]:
    """One template; or one an answer, where the program cannot be asked for its answers but only be told one."""
    images = [f"Image{number + 1}" for number in range(len(rows[0].images))]
    try:
        query = program.compile(text, images, answer)
    except TooLargeError:
        raise
    except ProgramError as error:
        if answer is None or any(row.answer is None for row in rows):
            raise ProgramError(f"{rows[0].where}: {error}") from None
        return _told(program, text, rows, error)
    if answer is not None:
        known = answer_columns(query)
        for row in rows:
            if row.answer is not None and value_key(row.answer) not in known:
                shown = ", ".join(map(str, query.answers[:12])) + ", ..." * (len(query.answers) > 12)
                raise DataError(
                    f"{row.where}: {row.answer} is never {answer} of {text}; it is one of {shown}"
                )
    return [StatedTemplate(query, tuple(rows))]


def _told(program: Program, text: str, rows: list[Row], error: ProgramError) -> list[StatedTemplate]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        told = str(substitute(parse_query(text), {ANSWER: row.answer}))
        groups.setdefault(told, []).append(row._replace(answer=None))
    try:
        return [each for told, own in groups.items() for each in _compiled(program, told, own, None)]
    except ProgramError:
        raise ProgramError(f"{rows[0].where}: {error}") from None
