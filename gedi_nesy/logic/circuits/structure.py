"""Which nodes of a ground graph are already a circuit: conjunctions decomposable, disjunctions
deterministic.

Determinism is read off the variables. Every node implies, for some variables, that the value lies in a set;
branches of a disjunction whose sets for one variable are disjoint cannot hold together. Branches are
bucketed by value, a variable at a time, so the check never compares pairs of branches. Where that cannot
tell, exclusion is proved by induction (`induction.py`), or a compiler takes over.
"""

from collections.abc import Sequence

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.induction import Induction
from gedi_nesy.logic.grounding.graph import And, Constant, Graph, Literal, Node, Or

Implied = dict[int, int]
"""For each variable a node says something about, the mask of the values it leaves possible."""


NEAR = 16
"""How many variables a node keeps track of at first: those it mentions itself come first, and nearly always
suffice.
"""

THOROUGH = 20_000_000
"""Nodes times variables up to which a graph that fails that check is checked again with all variables."""


def find_circuit_nodes(graph: Graph, roots: Sequence[int], watch: Watch) -> dict[int, bool]:
    """For every node below the roots, whether it can be evaluated as it stands, given its children."""
    verdict, supports = _find(graph, roots, NEAR, watch)
    if not all(verdict.values()) and len(verdict) * len(graph.variables) <= THOROUGH:
        verdict, supports = _find(graph, roots, len(graph.variables), watch)
    open_nodes = [node for node, found in verdict.items() if not found and isinstance(graph.nodes[node], Or)]
    if not open_nodes:
        return verdict
    sets = [graph.children(node) for node in open_nodes]
    return verdict | dict(zip(open_nodes, Induction(graph, supports, watch).proved(sets), strict=True))


def _find(
    graph: Graph, roots: Sequence[int], limit: int, watch: Watch
) -> tuple[dict[int, bool], dict[int, int]]:
    """The same by variables alone; and the variables below each node, as masks."""
    order = graph.reachable(roots)
    parents_left = dict.fromkeys(order, 0)
    for index in order:
        for child in graph.children(index):
            parents_left[child] += 1
    supports: dict[int, int] = {}
    implied: dict[int, Implied] = {}
    verdict: dict[int, bool] = {}
    for done, index in enumerate(order):
        if done % 256 == 0:
            watch.check(done)
        node = graph.nodes[index]
        supports[index] = _support(node, supports)
        match node:
            case Literal(variable, mask):
                implied[index] = {variable: mask}
                verdict[index] = True
            case And(children):
                implied[index] = _all_of([implied[child] for child in children], limit)
                verdict[index] = _decomposable([supports[child] for child in children])
            case Or(children):
                branches = [implied[child] for child in children]
                implied[index] = _any_of(graph, branches)
                verdict[index] = exclusive(branches)
            case _:
                implied[index] = {}
                verdict[index] = isinstance(node, Constant)
        for child in node.children:
            parents_left[child] -= 1
            if parents_left[child] == 0:
                del implied[child]
    return verdict, supports


def _support(node: Node, supports: dict[int, int]) -> int:
    if isinstance(node, Literal):
        return 1 << node.variable
    support = 0
    for child in node.children:
        support |= supports[child]
    return support


def _decomposable(supports: list[int]) -> bool:
    seen = 0
    for support in supports:
        if seen & support:
            return False
        seen |= support
    return True


def _all_of(children: list[Implied], limit: int) -> Implied:
    result: Implied = {}
    for child in sorted(children, key=len):
        for variable, mask in child.items():
            known = result.get(variable)
            if known is not None:
                result[variable] = known & mask
            elif len(result) < limit:
                result[variable] = mask
    return result


def _any_of(graph: Graph, branches: list[Implied]) -> Implied:
    result = dict(min(branches, key=len))
    for variable in list(result):
        mask = 0
        for branch in branches:
            mask |= branch.get(variable, graph.variables[variable].all_values)
        if mask == graph.variables[variable].all_values:
            del result[variable]
        else:
            result[variable] = mask
    return result


def exclusive(branches: list[Implied]) -> bool:
    """Whether no two branches can hold together, as far as their variables tell."""
    pending = [(branches, frozenset[int]())]
    while pending:
        group, used = pending.pop()
        if len(group) <= 1:
            continue
        smallest = min(group, key=len)
        for variable in smallest:
            if variable not in used and all(variable in branch for branch in group):
                buckets = _buckets(group, variable)
                if len(buckets) > 1:
                    pending.extend((bucket, used | {variable}) for bucket in buckets)
                    break
        else:
            return False
    return True


def _buckets(branches: list[Implied], variable: int) -> list[list[Implied]]:
    """Branches that share a value of the variable, directly or through others, end up in one bucket."""
    buckets: dict[int, list[Implied]] = {}
    for branch in branches:
        mask, members = branch[variable], [branch]
        for other in [other for other in buckets if other & mask]:
            mask |= other
            members += buckets.pop(other)
        buckets[mask] = members
    return list(buckets.values())
