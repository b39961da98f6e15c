"""Queries with each image's true symbol in its place, ground, and what they then say of what networks read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from problog.logic import Term

from gedi_nesy.audit.constraints import QueryConstraint
from gedi_nesy.audit.grounding.as_constraints import (
    Choice,
    choice_of,
    constraint_of,
    is_monotone,
    output_names,
)
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.graph import FALSE, Graph
from gedi_nesy.logic.grounding.ground import Grounding, Request, ground
from gedi_nesy.logic.grounding.image_arguments import Reading
from gedi_nesy.logic.program import Program


@dataclass(frozen=True)
class GroundQuery:
    """What a query says of what networks read: `constraint` is over the places in `readings`."""

    query: Term
    readings: tuple[Reading | None, ...]
    """None where this query has nothing to do with it"""
    outputs: tuple[tuple[str, ...], ...]
    """what the network of each reading may say"""
    constraint: QueryConstraint

    @property
    def read(self) -> Mapping[Reading, tuple[str, ...]]:
        """The outputs of all that it reads."""
        pairs = zip(self.readings, self.outputs, strict=True)
        return {reading: names for reading, names in pairs if reading is not None}


def ground_terms(program: Program, queries: Sequence[Term], watch: Watch) -> Grounding:
    """Queries and the program's evidence in one graph, a root for each ground answer."""
    evidence = tuple(program.front_end.own_evidence())
    request = Request(watch.query, tuple(queries), evidence, (), merge=False)
    return ground(program.front_end, request, program.neural_predicates, watch)


def compiled(grounding: Grounding, roots: Sequence[int], watch: Watch) -> tuple[Graph, list[int]]:
    """The roots, given the evidence; compiled where they would not prune as they stand."""
    graph = grounding.graph
    roots = [graph.conjunction([root, grounding.evidence]) for root in roots]
    if is_monotone(graph, roots):
        return graph, roots
    found = compile_graph(graph, roots, watch)
    return found.graph, found.roots


def choices_of(grounding: Grounding, program: Program) -> list[Choice]:
    """What each choice of the graph says of the slots."""
    places = range(len(grounding.slots))
    return [choice_of(each, grounding.slots, places, program) for each in grounding.graph.variables]


def ground_as_they_are(
    program: Program, queries: Sequence[Term], watch: Watch, proven: bool = False
) -> list[GroundQuery]:
    """Each ground instance of queries, which may have variables; ProgramError if one is to be `proven` and is not."""
    grounding = ground_terms(program, queries, watch)
    roots = dict(grounding.roots)
    for query, root in roots.items():
        if proven and root == FALSE:
            raise ProgramError(f"{program.source.name}: {query} has no proof: no map can satisfy it")
    graph, nodes = compiled(grounding, list(roots.values()), watch)
    choices = choices_of(grounding, program)
    readings = tuple((slot.network, slot.inputs) for slot in grounding.slots)
    outputs = tuple(output_names(slot) for slot in grounding.slots)
    return [
        GroundQuery(query, readings, outputs, constraint_of(graph, node, choices))
        for query, node in zip(roots, nodes, strict=True)
    ]
