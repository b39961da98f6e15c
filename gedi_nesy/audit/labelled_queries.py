"""Training queries with each image's true symbol in its place, such as `sum(2, 3, 5)`, as constraints on concept maps.

Grounded like this, a neural predicate reads true symbols, and its choices become what the network outputs for them:
one map variable for each symbol that a network reads. All other choices of a program are left open, so a query
counts as holding where it is possible.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from problog.logic import Constant as Number
from problog.logic import Term, Var

from gedi_nesy.audit.constraints import CircuitConstraint, Constraint
from gedi_nesy.audit.ground_constraints import choice_of, constraint_of, is_monotone, output_names
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.grounding.graph import (
    FALSE,
    Graph,
)
from gedi_nesy.logic.grounding.ground import Grounding, Request, ground
from gedi_nesy.logic.grounding.image_arguments import count_images
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
    constraints: tuple[Constraint, ...]
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
    """Ground and compile the distinct queries, a few at a time; ProgramError names one that no map can satisfy.

    Those that are not ground when time is up are left out; TooLargeError if that is all of them.
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
    parts = _parts(program, list(times), watch)
    done = [query for part in parts for query in part.queries]
    slots = {(slot.network, slot.inputs): slot for part in parts for slot in part.grounding.slots}
    if not slots:
        raise ProgramError(f"{program.source.name}: no network reads anything in {watch.query}")
    frequencies = count_images(
        {query: times[query] for query in done}, lambda query: slots_of(program, query, watch)
    )
    variables = tuple(
        MapVariable(
            slot.network, _symbol(slot.inputs), output_names(slot), frequencies[slot.network, slot.inputs]
        )
        for slot in _sorted(list(slots.values()))
    )
    constraints = [each for part in parts for each in _constraints(part, variables, program)]
    return Problem(variables, tuple(map(str, done)), tuple(constraints), len(times) - len(done))


AT_ONCE = 10
"""Queries that are ground together: they share nodes, and are left out together."""


SHARE = 0.6
"""Of the time, what grounding may take where some queries are ground."""


class _Part(NamedTuple):
    """Some queries, ground; the graph and a root for each, compiled where that prunes better."""

    queries: Sequence[Term]
    grounding: Grounding
    graph: Graph
    roots: Sequence[int]


def _parts(program: Program, queries: Sequence[Term], watch: Watch) -> list[_Part]:
    evidence = program.front_end.own_evidence()
    some_time = replace(watch.budget, seconds=watch.budget.seconds * SHARE, begun=watch.started)
    parts: list[_Part] = []
    for start in range(0, len(queries), AT_ONCE):
        some = queries[start : start + AT_ONCE]
        # without the first there is nothing to say, so it may take all the time
        own = Watch(watch.program, watch.query, some_time) if parts else watch
        try:
            own.check(0)
            grounding = _ground(program, tuple(some), evidence, own)
            roots = dict(grounding.roots)
            for query in some:
                if roots[query] == FALSE:
                    raise ProgramError(f"{program.source.name}: {query} has no proof: no map can satisfy it")
            parts.append(_compiled(some, grounding, [roots[query] for query in some], own))
        except TooLargeError:
            if not parts:
                raise
            break
    return parts


def slots_of(program: Program, query: Term, watch: Watch) -> Sequence[Slot]:
    """What networks read when a query is ground."""
    return _ground(program, (query,), program.front_end.own_evidence(), watch).slots


def constraints_of(
    program: Program, queries: Sequence[Term], variables: Sequence[MapVariable], watch: Watch
) -> list[tuple[Term, CircuitConstraint]]:
    """The ground instances of queries, which may have variables, each with what it says of these map variables.

    None if a network reads a symbol that is not among them.
    """
    grounding = _ground(program, tuple(queries), program.front_end.own_evidence(), watch)
    known = {(variable.network, variable.symbol) for variable in variables}
    if any((slot.network, _symbol(slot.inputs)) not in known for slot in grounding.slots):
        return []
    roots = dict(grounding.roots)
    part = _compiled(list(roots), grounding, list(roots.values()), watch)
    return list(zip(roots, _constraints(part, variables, program), strict=True))


def _ground(program: Program, queries: tuple[Term, ...], evidence: Sequence[Term], watch: Watch) -> Grounding:
    request = Request(watch.query, queries, tuple(evidence), (), merge=False)
    return ground(program.front_end, request, program.neural_predicates, watch)


def _symbol(inputs: tuple[Term, ...]) -> str:
    return ",".join(map(str, inputs))


def _sorted(slots: Sequence[Slot]) -> list[Slot]:
    """By network, then by symbol: numbers by value, others as they are written."""

    def key(term: Term) -> tuple:
        number = isinstance(term, Number) and isinstance(term.value, int | float)
        return (0, term.value, "") if number else (1, 0, str(term))

    return sorted(slots, key=lambda slot: (slot.network, *map(key, slot.inputs)))


def _compiled(queries: Sequence[Term], grounding: Grounding, roots: Sequence[int], watch: Watch) -> _Part:
    graph = grounding.graph
    roots = [graph.conjunction([root, grounding.evidence]) for root in roots]
    if not is_monotone(graph, roots):
        compiled = compile_graph(graph, roots, watch)
        graph, roots = compiled.graph, compiled.roots
    return _Part(queries, grounding, graph, roots)


def _constraints(
    part: _Part, variables: Sequence[MapVariable], program: Program
) -> tuple[CircuitConstraint, ...]:
    """One circuit a query, with literals on map variables alone."""
    slots = part.grounding.slots
    number = {(variable.network, variable.symbol): index for index, variable in enumerate(variables)}
    of_slot = [number[slot.network, _symbol(slot.inputs)] for slot in slots]
    choices = [choice_of(variable, slots, of_slot, program) for variable in part.grounding.graph.variables]
    return tuple(constraint_of(part.graph, root, choices) for root in part.roots)
