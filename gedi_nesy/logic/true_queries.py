"""Training queries with each image's true symbol in its place, such as `sum(2, 3, 5)`, as constraints on symbol maps.

Grounded like this, a neural predicate reads true symbols, and its choices become what the network outputs for them:
one map variable for each symbol that a network reads. All other choices of a program are left open, so a query
counts as holding where it is possible.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from problog.logic import Constant, Term, Var

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuit import log_floor
from gedi_nesy.logic.compile import compile_graph
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.graph import FALSE, Graph, NeuralWeight, Slot, Variable
from gedi_nesy.logic.ground import Grounding, Request, ground
from gedi_nesy.logic.map_search import CircuitConstraint, Node
from gedi_nesy.logic.program import Program
from gedi_nesy.logic.source import Source, parse_query, subterms
from gedi_nesy.logic.weights import LeafWeights

_UNKNOWN = Term("image of an unknown symbol")


@dataclass(frozen=True)
class MapVariable:
    """What a network outputs for images of one true symbol; `frequency` is how many of them stand in the queries."""

    network: str
    symbol: str
    outputs: tuple[str, ...]
    frequency: int


@dataclass(frozen=True)
class Problem:
    """The variables of all maps, and one constraint for each distinct query."""

    variables: tuple[MapVariable, ...]
    queries: tuple[str, ...]
    constraints: tuple[CircuitConstraint, ...]


def read_queries(path: str | os.PathLike[str]) -> list[Term]:
    """The queries of a file, one a line as in `sum(2, 3, 5).`; ProgramError with FILE:LINE if it is anything else."""
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
    """Ground and compile the distinct queries; ProgramError names a query that no map can satisfy."""
    for predicate in program.neural_predicates:
        if predicate.kind == "tensor":
            raise ProgramError(f"{predicate.where}: {predicate.name} returns a tensor, which has no symbols")
    times = Counter(queries)
    evidence = program.front_end.own_evidence()
    grounding = _ground(program, tuple(times), evidence, watch)
    roots = dict(grounding.roots)
    for query in times:
        if query.signature not in program.front_end.defined_predicates():
            raise ProgramError(
                f"{program.source.name}: nothing defines {query.signature}, asked for in {query}"
            )
        if roots[query] == FALSE:
            raise ProgramError(f"{program.source.name}: {query} has no proof: no map can satisfy it")
    frequencies = _Images(program, watch).count(times)
    variables = tuple(
        MapVariable(
            slot.network, _symbol(slot.inputs), _outputs(slot), frequencies[slot.network, slot.inputs]
        )
        for slot in _sorted(grounding.slots)
    )
    constraints = _constraints(grounding, [roots[query] for query in times], variables, program, watch)
    return Problem(variables, tuple(map(str, times)), constraints)


def _ground(program: Program, queries: tuple[Term, ...], evidence: Sequence[Term], watch: Watch) -> Grounding:
    request = Request(watch.query, queries, tuple(evidence), (), merge=False)
    return ground(program.front_end, request, program.neural_predicates, watch)


def _symbol(inputs: tuple[Term, ...]) -> str:
    return ",".join(map(str, inputs))


def _outputs(slot: Slot) -> tuple[str, ...]:
    return tuple(map(str, slot.domain)) or ("true", "false")


def _sorted(slots: Sequence[Slot]) -> list[Slot]:
    """By network in the order of the program, and by symbol: numbers by value, others as they are written."""

    def key(slot: Slot) -> list[tuple]:
        numbers = (
            i.value if isinstance(i, Constant) and isinstance(i.value, int | float) else None
            for i in slot.inputs
        )
        return [(n is None, n or 0.0, str(i)) for n, i in zip(numbers, slot.inputs, strict=True)]

    networks = {slot.network: None for slot in sorted(slots, key=lambda slot: slot.network)}
    return [slot for name in networks for slot in sorted((s for s in slots if s.network == name), key=key)]


class _Images:
    """Which places of a query are images: those whose content a network reads, tried out once for each shape."""

    def __init__(self, program: Program, watch: Watch):
        self.program = program
        self.watch = watch
        self.shapes: dict[str, list[tuple[int, str]]] = {}

    def count(self, times: Mapping[Term, int]) -> Counter[tuple[str, tuple[Term, ...]]]:
        """How often each network reads each symbol, over all queries."""
        found: Counter = Counter()
        for query, number in times.items():
            for network, inputs in self._readings(query):
                found[network, inputs] += number
        return found
