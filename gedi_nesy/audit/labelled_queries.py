"""Training queries with each image's true symbol in its place, such as `sum(2, 3, 5)`, as constraints on concept maps.

Grounded like this, a neural predicate reads true symbols, and its choices become what the network outputs for them:
one map variable for each symbol that a network reads. All other choices of a program are left open, so a query
counts as holding where it is possible.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from problog.logic import Constant as Number
from problog.logic import Term, Var

from gedi_nesy.audit.constraints import QueryConstraint
from gedi_nesy.audit.grounding.queries import GroundQuery, ground_as_they_are, ground_terms
from gedi_nesy.audit.grounding.templates import ground_templates
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.grounding.image_arguments import Reading, count_images
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.source import Source, parse_query, subterms
from gedi_nesy.logic.program import Program


@dataclass(frozen=True)
class MapVariable:
    """What a network outputs for images of one true symbol; `frequency` is how many of them stand in the queries."""

    network: str
    symbol: str
    outputs: tuple[str, ...]
    frequency: int


@dataclass(frozen=True)
class Problem:
    """The variables of all maps, and one constraint for each distinct query; `left_out` were not ground in time."""

    variables: tuple[MapVariable, ...]
    queries: tuple[str, ...]
    constraints: tuple[QueryConstraint, ...]
    left_out: int = 0


def read_queries(path: str | os.PathLike[str]) -> list[Term]:
    """The queries of a file, one a line as in `sum(2, 3, 5).`; ProgramError with FILE:LINE if it is anything else."""
    if not os.path.exists(path):
        raise ProgramError(f"{path}: no such file of queries")
    source = Source.from_file(path)
    for statement in source.statements:
        _check(statement, source.where(statement.location))
    if not source.statements:
        raise ProgramError(f"{path}: holds no query; expected lines such as sum(2, 3, 5).")
    return list(source.statements)


def parse_queries(texts: Sequence[str]) -> list[Term]:
    """The same from text, a query each."""
    terms = [parse_query(text) for text in texts]
    for text, term in zip(texts, terms, strict=True):
        _check(term, f"query '{text}'")
    return terms


def _check(statement: Any, where: str) -> None:
    if type(statement) is not Term or statement.probability is not None:
        raise ProgramError(f"{where}: expected a query such as sum(2, 3, 5), found {statement}")
    variable = next((part for part in subterms(statement) if isinstance(part, Var)), None)
    if variable is not None:
        raise ProgramError(
            f"{where}: {statement} has the variable {variable}; write each image's true symbol in its place"
        )


def problem_of(program: Program, queries: Sequence[Term], watch: Watch) -> Problem:
    """Ground the distinct queries, template by template, and those that are left a few at a time.

    ProgramError names one that no map can satisfy. Those that are not ground when time is up are left out;
    TooLargeError if that is all of them.
    """
    for predicate in program.neural_predicates:
        if predicate.kind == "tensor":
            raise ProgramError(f"{predicate.where}: {predicate.name} returns a tensor, which has no symbols")
    times = Counter(queries)
    for query in times:
        if query.signature not in program.front_end.defined_predicates():
            raise ProgramError(
                f"{program.source.name}: nothing defines {query.signature}, asked for in {query}"
            )
    some_time = replace(watch.budget, seconds=watch.budget.seconds * SHARE, begun=watch.started)
    limited = Watch(watch.program, watch.query, some_time)
    opened = ground_templates(program, list(times), limited)
    # without the first there is nothing to say, so it may take all the time
    first = limited if opened else watch
    others = _one_by_one(program, [query for query in times if query not in opened], first, limited)
    done = [found for query in times if (found := opened.get(query) or others.get(query)) is not None]
    read = {reading: names for each in done for reading, names in each.read.items()}
    if not read:
        raise ProgramError(f"{program.source.name}: no network reads anything in {watch.query}")
    frequencies = count_images(
        {query: times[query] for query in others}, lambda query: slots_of(program, query, watch)
    )
    for query, each in opened.items():
        for reading in each.readings:
            if reading is not None:
                frequencies[reading] += times[query]
    variables = tuple(
        MapVariable(network, _symbol(inputs), read[network, inputs], frequencies[network, inputs])
        for network, inputs in sorted(read, key=_in_order)
    )
    number = {(each.network, each.symbol): place for place, each in enumerate(variables)}
    constraints = tuple(_over_maps(each, number) for each in done)
    return Problem(variables, tuple(str(each.query) for each in done), constraints, len(times) - len(done))


AT_ONCE = 10
"""Queries that are ground together: they share nodes, and are left out together."""


SHARE = 0.6
"""Of the time, what grounding may take where some queries are ground."""


def _one_by_one(
    program: Program, queries: Sequence[Term], first: Watch, others: Watch
) -> dict[Term, GroundQuery]:
    """As they are, with symbols in place of their images."""
    found: dict[Term, GroundQuery] = {}
    for start in range(0, len(queries), AT_ONCE):
        own = others if found else first
        try:
            own.check(0)
            part = ground_as_they_are(program, queries[start : start + AT_ONCE], own, proven=True)
        except TooLargeError:
            if own is not others:
                raise
            break
        found |= {each.query: each for each in part}
    return found


def slots_of(program: Program, query: Term, watch: Watch) -> Sequence[Slot]:
    """What networks read when a query is ground."""
    return ground_terms(program, (query,), watch).slots


def constraints_of(
    program: Program, queries: Sequence[Term], variables: Sequence[MapVariable], watch: Watch
) -> list[tuple[Term, QueryConstraint]]:
    """The ground instances of queries, which may have variables, each with what it says of these map variables.

    None if a network reads a symbol that is not among them.
    """
    number = {(variable.network, variable.symbol): place for place, variable in enumerate(variables)}
    found = ground_as_they_are(program, queries, watch)
    known = all((network, _symbol(inputs)) in number for each in found for network, inputs in each.read)
    return [(each.query, _over_maps(each, number)) for each in found] if known else []


def _over_maps(ground: GroundQuery, number: Mapping[tuple[str, str], int]) -> QueryConstraint:
    """What a query says of the map variables."""
    places = [-1 if each is None else number[each[0], _symbol(each[1])] for each in ground.readings]
    return ground.constraint.renamed(places)


def _symbol(inputs: tuple[Term, ...]) -> str:
    return ",".join(map(str, inputs))


def _in_order(reading: Reading) -> tuple:
    """By network, then by symbol: numbers by value, others as they are written."""

    def key(term: Term) -> tuple:
        number = isinstance(term, Number) and isinstance(term.value, int | float)
        return (0, term.value, "") if number else (1, 0, str(term))

    network, inputs = reading
    return network, *map(key, inputs)
