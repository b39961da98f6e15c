"""From a ground graph to a circuit: directly where it already is one, else by a decision diagram."""

from collections.abc import Sequence
from dataclasses import dataclass

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.decision_diagram import DecisionDiagrams, TooLargeError
from gedi_nesy.logic.circuits.structure import find_circuit_nodes
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, And, Constant, Graph, Literal, Not, Or

LIMITS = (30_000, 300_000)
"""Nodes that each decision diagram is allowed at first; the last limit is the budget's."""


@dataclass
class Compiled:
    """A graph without negations whose conjunctions are decomposable and disjunctions deterministic."""

    graph: Graph
    roots: list[int]
    route: str


def compile_graph(graph: Graph, roots: Sequence[int], watch: Watch) -> Compiled:
    """The roots as one circuit; the route is `direct`, `sdd`, or `mixed` where diagrams replace only some
    nodes.
    """
    watch.enter("checking")
    verdict = find_circuit_nodes(graph, roots)
    broken = _topmost_broken(graph, roots, verdict)
    target = Graph(graph.variables)
    diagrams = _diagrams(graph, broken, watch) if broken else None
    rewritten: dict[int, int] = {}
    placed: dict[int, int] = {}
    replaced = set(broken)
    needed = _needed(graph, roots, replaced)
    for index in needed:
        if index in replaced:
            assert diagrams is not None
            placed[index] = diagrams.rewrite(diagrams.compile(index), target, rewritten)
        else:
            placed[index] = _copy(graph, index, target, placed)
    route = "direct" if not broken else "sdd" if replaced >= set(needed) - {FALSE, TRUE} else "mixed"
    return Compiled(target, [placed[root] for root in roots], route)


def _diagrams(graph: Graph, broken: Sequence[int], watch: Watch) -> DecisionDiagrams:
    """Diagrams of all broken nodes, from whichever vtree is the first to stay within a growing
    limit.

    Either may be exponentially smaller than the other; trying both in turn costs little more than the
    better one.
    """
    watch.enter("decision diagram")
    order = _variable_order(graph, broken)
    limits = [limit for limit in LIMITS if limit < watch.budget.nodes] + [watch.budget.nodes]
    for limit in limits:
        for balanced in (False, True):
            diagrams = DecisionDiagrams(graph, order, watch, limit, balanced)
            try:
                for index in broken:
                    diagrams.compile(index)
            except TooLargeError:
                continue
            return diagrams
    watch.give_up(f"more than {watch.budget.nodes:,} nodes")


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


def _variable_order(graph: Graph, roots: Sequence[int]) -> list[int]:
    """Variables as a depth-first walk meets them, so that variables used together stay together in the
    diagram.
    """
    order: dict[int, None] = {}
    seen: set[int] = set()
    stack = list(reversed(list(roots)))
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        node = graph.nodes[index]
        if isinstance(node, Literal):
            order[node.variable] = None
        stack.extend(reversed(graph.children(index)))
    return list(order)


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
