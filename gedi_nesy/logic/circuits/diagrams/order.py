"""Orders of variables for decision diagrams: variables that are used together should stand together.

A depth-first walk is right for programs that meet their variables in a good order. FORCE (Aloul, Markov and
Sakallah, 2003) finds an order whatever the program's: vertices move to the mean of the centres of their
hyperedges, round after round. Here the vertices are the nodes of the ground graph, every node with its
children is a hyperedge, and so are all literals of one variable, so that the structure which clauses and
negations share is seen, not only which variables meet in a clause.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.logic.grounding.graph import Graph, Literal

ROUNDS = 200
"""After so many rounds of FORCE the total span hardly falls any more."""

PIN_ROUNDS = 40_000_000
"""Rounds times pins that are worth their time, about two seconds: very large graphs get fewer rounds."""


@dataclass(frozen=True)
class Hypergraph:
    """Hyperedge `edges[i]` has vertex `vertices[i]` in it; edges are numbered 0, 1, ... and ascend."""

    vertices: Int[np.ndarray, " pin"]
    edges: Int[np.ndarray, " pin"]

    @property
    def starts(self) -> Int[np.ndarray, " edge"]:
        """Where each edge's pins begin."""
        return np.flatnonzero(np.diff(self.edges, prepend=-1))


@dataclass(frozen=True)
class Order:
    """Variables in order, and the total span of the order of nodes that it comes from."""

    name: str
    variables: tuple[int, ...]
    span: int


def orders(graph: Graph, roots: Sequence[int], check: Callable[[], None] = lambda: None) -> list[Order]:
    """The depth-first order and FORCE's, that of the smaller span first; one, where they are the same.

    `check` is called now and then, and what it raises ends the search.
    """
    nodes = graph.reachable(roots)
    place = {index: vertex for vertex, index in enumerate(nodes)}
    literals = _literals(graph, nodes)
    members = [[place[index], *(place[child] for child in graph.children(index))] for index in nodes]
    members += [[place[index] for index in indices] for indices in literals.values()]
    hypergraph = as_hypergraph(members)
    walked = np.empty(len(nodes), dtype=np.int64)
    walked[[place[index] for index in depth_first(graph, roots)]] = np.arange(len(nodes))
    found = {}
    for name, positions in (
        ("depth-first", walked),
        ("FORCE", best_positions(hypergraph, len(nodes), check=check)),
    ):
        places = {v: positions[[place[index] for index in indices]] for v, indices in literals.items()}
        # A walk has met a variable at its first literal; FORCE keeps all of its literals together.
        stand = np.min if positions is walked else np.mean
        variables = tuple(sorted(places, key=lambda variable: stand(places[variable])))
        found.setdefault(variables, Order(name, variables, total_span(hypergraph, positions)))
    return sorted(found.values(), key=lambda order: order.span)


def depth_first(graph: Graph, roots: Sequence[int]) -> list[int]:
    """Nodes as a depth-first walk from the roots meets them."""
    order: dict[int, None] = {}
    stack = list(reversed(list(roots)))
    while stack:
        index = stack.pop()
        if index not in order:
            order[index] = None
            stack.extend(reversed(graph.children(index)))
    return list(order)


def _literals(graph: Graph, nodes: Sequence[int]) -> dict[int, list[int]]:
    literals: dict[int, list[int]] = {}
    for index in nodes:
        node = graph.nodes[index]
        if isinstance(node, Literal):
            literals.setdefault(node.variable, []).append(index)
    return literals


def as_hypergraph(members: Sequence[Sequence[int]]) -> Hypergraph:
    """Hyperedges by their vertices; those of a single vertex pull at nothing and are left out."""
    kept = [edge for edge in members if len(edge) > 1]
    vertices = np.array([vertex for edge in kept for vertex in edge], dtype=np.int64)
    return Hypergraph(vertices, np.repeat(np.arange(len(kept)), [len(edge) for edge in kept]))


def best_positions(
    hypergraph: Hypergraph, count: int, rounds: int = ROUNDS, check: Callable[[], None] = lambda: None
) -> Int[np.ndarray, " vertex"]:
    """The place of each of `count` vertices in the order of least total span that FORCE comes across.

    It starts from the vertices' own order, and ends early where a round changes nothing.
    """
    rounds = min(rounds, 1 + PIN_ROUNDS // max(1, len(hypergraph.vertices)))
    positions = np.arange(count)
    best, least = positions, total_span(hypergraph, positions)
    for _ in range(rounds):
        check()
        moved = np.empty(count, dtype=np.int64)
        moved[np.argsort(_pulled(hypergraph, positions), kind="stable")] = np.arange(count)
        if np.array_equal(moved, positions):
            break
        positions = moved
        span = total_span(hypergraph, positions)
        if span < least:
            best, least = positions, span
    return best


def total_span(hypergraph: Hypergraph, positions: Int[np.ndarray, " vertex"]) -> int:
    """The distances between the first and the last vertex of every hyperedge, summed."""
    if len(hypergraph.vertices) == 0:
        return 0
    pins, starts = positions[hypergraph.vertices], hypergraph.starts
    return int((np.maximum.reduceat(pins, starts) - np.minimum.reduceat(pins, starts)).sum())


def _pulled(hypergraph: Hypergraph, positions: Int[np.ndarray, " vertex"]) -> Float[np.ndarray, " vertex"]:
    """Every vertex at the mean of its hyperedges' centres; one without hyperedges stays."""
    vertices, edges = hypergraph.vertices, hypergraph.edges
    centres = np.bincount(edges, weights=positions[vertices]) / np.bincount(edges)
    degree = np.bincount(vertices, minlength=len(positions))
    pulled = np.bincount(vertices, weights=centres[edges], minlength=len(positions))
    return np.where(degree > 0, pulled / np.maximum(degree, 1), positions)
