"""From a ground graph to a circuit: directly where it already is one, else by elimination or a decision diagram."""

from collections.abc import Sequence
from dataclasses import dataclass

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.elimination.eliminate import Plan
from gedi_nesy.logic.circuits.elimination.network import common_conjuncts
from gedi_nesy.logic.circuits.portfolio import choose_circuit
from gedi_nesy.logic.circuits.structure import find_circuit_nodes
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, And, Constant, Graph, Literal, Not, Or


@dataclass
class Compiled:
    """A graph without negations whose conjunctions are decomposable and disjunctions deterministic.

    `strategy` says which compiler and order were chosen, if there was need of one.
    """

    graph: Graph
    roots: list[int]
    route: str
    strategy: str = ""


def compile_graph(graph: Graph, roots: Sequence[int], watch: Watch) -> Compiled:
    """The roots as one circuit; the route is `direct`, `elimination`, `sdd`, or `mixed` where only some nodes had
    to be compiled.
    """
    watch.enter("checking")
    verdict = find_circuit_nodes(graph, roots, watch)
    broken = _topmost_broken(graph, roots, verdict)
    target, placed, strategy, compiler = Graph(graph.variables), {}, "", "direct"
    if broken:
        proper = [root for root in dict.fromkeys(roots) if root not in (FALSE, TRUE)]
        if len(proper) > 1 and common_conjuncts(graph, proper):
            # What all roots are conditioned on prunes them only if they are compiled as wholes.
            broken = proper
        chosen = choose_circuit(graph, broken, watch)
        target, strategy = chosen.diagrams.graph, str(chosen.strategy)
        compiler = "elimination" if isinstance(chosen.strategy, Plan) else "sdd"
        placed = dict(zip(broken, chosen.diagrams.roots, strict=True))
    needed = _needed(graph, roots, set(broken))
    for index in needed:
        if index not in placed:
            placed[index] = _copy(graph, index, target, placed)
    whole = not broken or set(broken) >= set(needed) - {FALSE, TRUE}
    return Compiled(target, [placed[root] for root in roots], compiler if whole else "mixed", strategy)


def _topmost_broken(graph: Graph, roots: Sequence[int], verdict: dict[int, bool]) -> list[int]:
    """The nodes that are no circuit and are reached through nodes that are."""
    broken: list[int] = []
    seen: set[int] = set()
    stack = list(reversed(roots))
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        if verdict[index]:
            stack.extend(reversed(graph.children(index)))
        else:
            broken.append(index)
    return broken


def _needed(graph: Graph, roots: Sequence[int], broken: set[int]) -> list[int]:
    needed = set(roots)
    for index in range(max(needed, default=0), -1, -1):
        if index in needed and index not in broken:
            needed.update(graph.children(index))
    return sorted(needed)


def _copy(graph: Graph, index: int, target: Graph, placed: dict[int, int]) -> int:
    match graph.nodes[index]:
        case Constant():
            return index
        case Literal(variable, mask):
            return target.literal(variable, mask)
        case And(children):
            return target.conjunction(placed[child] for child in children)
        case Or(children):
            return target.disjunction(placed[child] for child in children)
        case Not():
            raise AssertionError("a negation is no circuit, so a diagram has replaced it")
