"""From a query with its images left open to a ground AND/OR graph over multi-valued variables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.arrangement import TooManyStatesError
from gedi_nesy.logic.grounding.cycles import CycleError
from gedi_nesy.logic.grounding.front_end import FrontEnd
from gedi_nesy.logic.grounding.gates import Gates, NegativeCycleError
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Variable
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.grounding.translate import Translation
from gedi_nesy.logic.language.neural import NeuralPredicate
from gedi_nesy.logic.language.source import parse_query, places


@dataclass(frozen=True)
class Request:
    """What to compile: terms in which images are already `image_term`s, and what they are conditioned on.

    `merge` asks for one root, the disjunction of all answers; otherwise every answer has its own.
    `keep_false` keeps answers that cannot hold.
    """

    text: str
    queries: tuple[Any, ...]
    evidence: tuple[Any, ...]
    images: tuple[str, ...]
    merge: bool
    keep_false: bool = False


@dataclass(frozen=True)
class Grounding:
    """`roots` pairs each answer term with its node; `evidence` is the node that all is conditioned on."""

    graph: Graph
    slots: list[Slot]
    roots: list[tuple[Any, int]]
    evidence: int


def ground(
    front_end: FrontEnd, request: Request, predicates: Sequence[NeuralPredicate], watch: Watch
) -> Grounding:
    """Ground a request's queries and evidence into one graph."""
    formula = front_end.ground(request.queries, request.evidence, watch)
    watch.enter("deciding cycles")
    translation = Translation(formula, request.images, predicates)
    try:
        graph, translated = translation.graph(watch.check)
    except (CycleError, TooManyStatesError):
        formula = front_end.without_cycles(formula, watch)
        translation = Translation(formula, request.images, predicates)
        graph, translated = translation.graph(watch.check)
    _check_probabilities(graph.variables, front_end)
    roots = [(term, translation.lookup(graph, translated, key)) for term, key in formula.queries()]
    conditions = [translation.lookup(graph, translated, key) for _, key in formula.evidence()]
    return Grounding(graph, translation.slots, roots, graph.conjunction(conditions))


def ground_gates(
    front_end: FrontEnd, request: Request, predicates: Sequence[NeuralPredicate], watch: Watch
) -> Gates:
    """Ground a request's queries and evidence, and leave their cycles as they are."""
    formula = front_end.ground(request.queries, request.evidence, watch)
    try:
        gates = Gates(formula, request.images, predicates)
    except NegativeCycleError:
        gates = Gates(front_end.without_cycles(formula, watch), request.images, predicates)
    _check_probabilities(gates.variables, front_end)
    return gates


def _check_probabilities(variables: Sequence[Variable], front_end: FrontEnd) -> None:
    """Numbers in the program lie between 0 and 1, and those of a disjunction sum to at most 1."""
    for variable in variables:
        numbers = [weight.probability for weight in variable.weights if isinstance(weight, ConstantWeight)]
        if all(p >= 0 for p in numbers) and math.fsum(numbers) <= 1 + 1e-9:
            continue
        where = places(front_end.source).get(parse_query(variable.names[0]).signature, front_end.source.name)
        if len(numbers) == 1:
            raise ProgramError(f"{where}: {numbers[0]:g} is no probability of {variable.names[0]}")
        names = ", ".join(sorted(variable.names))
        raise ProgramError(
            f"{where}: the probabilities of {names} sum to {math.fsum(numbers):g}, which is more than 1"
        )
