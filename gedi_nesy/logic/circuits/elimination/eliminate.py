"""Variable elimination as a compiler: from nodes of a ground graph to decomposable, deterministic ones.

Its cost is the number of nodes times something exponential in the width of the elimination order, so chains,
hidden Markov models, trees and other graphs of small treewidth take time linear in their length.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.elimination.messages import Messages
from gedi_nesy.logic.circuits.elimination.network import Network, build_network
from gedi_nesy.logic.circuits.elimination.order import EliminationOrder, min_fill, min_size
from gedi_nesy.logic.circuits.elimination.propagate import ContradictionError
from gedi_nesy.logic.grounding.graph import FALSE, Graph

FEW_VERTICES = 20_000
"""Up to so many, min-fill is tried besides min-size."""

LARGEST_COST = 1e9
"""Rows of tables from which on an order is not worth a trial; sparse tables have far fewer than estimated."""

LARGEST_TABLE = 2_000_000
"""Rows of a single table, or nodes, at which a trial ends."""

EASY = 1000
"""Rows a vertex up to which elimination is tried before any decision diagram."""


@dataclass(frozen=True)
class Plan:
    """A network, and the order in which its vertices are summed out."""

    network: Network
    order: EliminationOrder

    @property
    def easy(self) -> bool:
        """Whether the estimated cost is linear in the size of the network with a moderate factor."""
        return self.order.cost <= EASY * len(self.network.sizes)

    def __str__(self) -> str:
        return f"variable elimination, {self.order.name} order, width {self.order.width}"


def plan_elimination(
    graph: Graph, roots: Sequence[int], check: Callable[[], None], limit: float = LARGEST_COST
) -> Plan | None:
    """The cheapest order found; None where all of them cost more than the limit, in rows of tables."""
    try:
        network = build_network(graph, roots, check)
    except ContradictionError:
        # Probabilities of 0 are the evaluation's to find, so that it can say which rows of a batch have them.
        try:
            network = build_network(graph, roots, check, prune=False)
        except ContradictionError:
            network = Network(roots=[False for _ in roots])
    scopes = [gate.vertices for gate in network.gates]
    found = [min_size(network.sizes, scopes, limit, check)]
    if len(network.sizes) <= FEW_VERTICES:
        best = limit if found[0] is None else found[0].cost
        found.append(min_fill(network.sizes, scopes, best, check))
    orders = [order for order in found if order is not None]
    return Plan(network, min(orders, key=lambda order: order.cost)) if orders else None


class _OutgrownError(Exception):
    pass


def try_elimination(plan: Plan, graph: Graph, seconds: float, watch: Watch) -> tuple[Graph, list[int]] | None:
    """The eliminated roots, unless that takes longer, or larger tables, than a trial may."""
    deadline = time.monotonic() + seconds
    limit = min(watch.budget.nodes, LARGEST_TABLE)

    def check(reached: int) -> None:
        if reached > limit or time.monotonic() > deadline:
            raise _OutgrownError
        watch.check(reached)

    try:
        return eliminate(plan, graph, check)
    except _OutgrownError:
        return None


def eliminate(plan: Plan, graph: Graph, check: Callable[[int], None]) -> tuple[Graph, list[int]]:
    """The roots as nodes of a new graph over the same variables; `check` is told its size."""
    network = plan.network
    target = Graph(graph.variables)
    messages = Messages(network, plan.order, target, check)
    fixed = [target.literal(variable, mask) for variable, mask in network.fixed]
    totals = {top: messages.total(top) for top in messages.tops if messages.constraints[top]}
    roots = []
    for root in network.roots:
        if root is False:
            roots.append(FALSE)
            continue
        own = None if root is True else messages.top[root[0]]
        parts = [node for top, node in totals.items() if top != own]
        parts += [] if root is True else [messages.root(root)]
        roots.append(target.conjunction([*fixed, *parts]))
    return target, roots
