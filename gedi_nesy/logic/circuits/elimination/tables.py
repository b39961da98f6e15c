"""Sparse tables over vertices: rows that cannot hold are not there, and a row's value is a product of nodes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from gedi_nesy.logic.circuits.elimination.network import Gate, Input
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, Graph

Row = tuple[int, ...]
Product = tuple[int, ...]
"""Nodes whose conjunction is meant; none of them is true."""

CHECK_EVERY = 4096
"""Rows between two looks at the budget."""


@dataclass(frozen=True)
class Table:
    """For values of the vertices in `scope`, what has to hold besides."""

    scope: tuple[int, ...]
    rows: dict[Row, Product]


def gate_table(gate: Gate, sizes: Sequence[int]) -> Table:
    """The rows that agree with a gate."""
    scope = tuple(dict.fromkeys(vertex for vertex, _ in gate.inputs))
    rows: list[tuple[Row, bool]] = [((), gate.conjunction)]
    for vertex in scope:
        masks = [mask for owner, mask in gate.inputs if owner == vertex]
        holds = all if gate.conjunction else any
        bits = [holds(mask >> value & 1 for mask in masks) for value in range(sizes[vertex])]
        rows = [
            ((*row, value), so_far and bit if gate.conjunction else so_far or bit)
            for row, so_far in rows
            for value, bit in enumerate(bits)
        ]
    if gate.output is None:
        return Table(scope, {row: () for row, holds in rows if holds})
    return Table((*scope, gate.output), {(*row, int(holds)): () for row, holds in rows})


def join_all(tables: Iterable[Table], check: Callable[[int], None]) -> Table:
    """The product of tables, small ones first, and those that share most with what is there."""
    waiting = sorted(tables, key=lambda table: len(table.rows))
    if not waiting:
        return Table((), {(): ()})
    result = waiting.pop(0)
    while waiting:
        known = set(result.scope)
        best = max(range(len(waiting)), key=lambda i: _closeness(known, waiting[i]))
        result = _join(result, waiting.pop(best), check)
    return result


def _closeness(known: set[int], table: Table) -> tuple[int, int]:
    """Fewest new vertices first, then fewest rows."""
    return -sum(vertex not in known for vertex in table.scope), -len(table.rows)


def _join(left: Table, right: Table, check: Callable[[int], None]) -> Table:
    shared = [vertex for vertex in right.scope if vertex in left.scope]
    extra = [vertex for vertex in right.scope if vertex not in left.scope]
    key_left, key_right = _getter(left.scope, shared), _getter(right.scope, shared)
    rest = _row_getter(right.scope, extra)
    buckets: dict[Any, list[tuple[Row, Product]]] = {}
    for row, product in right.rows.items():
        buckets.setdefault(key_right(row), []).append((rest(row), product))
    rows: dict[Row, Product] = {}
    looked = 0
    for row, product in left.rows.items():
        for more, other in buckets.get(key_left(row), ()):
            rows[row + more] = product + other
        if len(rows) - looked > CHECK_EVERY:
            looked = len(rows)
            check(looked)
    return Table((*left.scope, *extra), rows)


def _getter(scope: Sequence[int], wanted: Sequence[int]) -> Callable[[Row], Any]:
    """The values of some vertices, as anything that can be compared."""
    places = [scope.index(vertex) for vertex in wanted]
    return itemgetter(*places) if places else lambda row: None


def _row_getter(scope: Sequence[int], wanted: Sequence[int]) -> Callable[[Row], Row]:
    """The same, always as a row."""
    places = [scope.index(vertex) for vertex in wanted]
    if len(places) == 1:
        (place,) = places
        return lambda row: (row[place],)
    return itemgetter(*places) if places else lambda row: ()


def project(
    table: Table,
    keep: Sequence[int],
    leaf: tuple[int, Input] | None,
    graph: Graph,
    check: Callable[[int], None],
) -> Table:
    """Sum out all vertices but those to keep; the branches of a sum exclude one another.

    `leaf` is the vertex of a variable whose literals belong to this table, and the variable.
    """
    scope = tuple(vertex for vertex in table.scope if vertex in keep)
    key = _row_getter(table.scope, scope)
    place = table.scope.index(leaf[0]) if leaf is not None and leaf[0] in table.scope else None
    sums: dict[Row, dict[Product, int]] = {}
    for row, product in table.rows.items():
        branches = sums.setdefault(key(row), {})
        # Where branches differ in the variable alone, they are one, with a literal of several values.
        value = 0 if place is None or leaf is None else leaf[1].masks[row[place]]
        branches[product] = branches.get(product, 0) | value
    rows: dict[Row, Product] = {}
    for done, (values, branches) in enumerate(sums.items()):
        nodes = [_branch(product, mask, leaf, graph) for product, mask in branches.items()]
        node = graph.disjunction(nodes)
        if node != FALSE:
            rows[values] = () if node == TRUE else (node,)
        if done % CHECK_EVERY == CHECK_EVERY - 1:
            check(len(graph))
    return Table(scope, rows)


def _branch(product: Product, mask: int, leaf: tuple[int, Input] | None, graph: Graph) -> int:
    if leaf is None or mask == 0:
        return graph.conjunction(product)
    _, source = leaf
    # Values of probability 0 are in no mask: all that are left are certain, unless evidence took one.
    if not source.restricted and mask == sum(source.masks):
        return graph.conjunction(product)
    return graph.conjunction((graph.literal(source.variable, mask), *product))
