"""Circuits of few variables made smaller: their truth table as a reduced ordered multi-valued decision diagram.

A ground graph can be a circuit as it stands and still be a large one: 10a + b < 10c + d written out has a branch for
each of its 4,950 worlds. A decision diagram (Kam et al., 1998, "Multi-valued decision diagrams") reads the variables
one after the other and merges what is left to decide where it is the same. Its size depends on the order alone, and
few variables have few orders: they are tried.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Bool, Int

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.compile import Compiled
from gedi_nesy.logic.circuits.truth_table import Classes, truth_table, value_classes
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, Graph, Variable

WORTH_COMPRESSING = 2_000
"""Edges from which on a smaller circuit is looked for: the evaluation of smaller ones costs next to nothing."""

GAIN = 2
"""How many times smaller the diagram must be: of two circuits of one size the shallower one is faster."""

MOST_CELLS = 20_000_000
"""Of the truth table: worlds times roots."""

CELLS_TRIED = 200_000_000
"""Cells that all orders together may look at, one or two seconds; all 24 orders of two-digit numbers are within."""


def compress(compiled: Compiled, watch: Watch) -> Compiled:
    """The same roots by a circuit of at most 1/GAIN of the edges, or, where none is found, what was given."""
    graph, size = compiled.graph, edges(compiled.graph, compiled.roots)
    if size < WORTH_COMPRESSING:
        return compiled
    roots = [root for root in dict.fromkeys(compiled.roots) if root not in (FALSE, TRUE)]
    classes = value_classes(graph, roots)
    if len(classes) < 3 or math.prod(map(len, classes.values())) * len(roots) > MOST_CELLS:
        return compiled
    watch.enter("compressing")
    table = truth_table(graph, roots, classes, watch)
    if table is None:
        return compiled
    order = best_order(table, watch)
    target, found = _as_graph(graph, reduced(table, order), list(classes), classes, order)
    placed = {FALSE: FALSE, TRUE: TRUE, **dict(zip(roots, found, strict=True))}
    compressed = [placed[root] for root in compiled.roots]
    if edges(target, compressed) * GAIN > size:
        return compiled
    names = ", ".join(_title(graph.variables[list(classes)[place]]) for place in order)
    return Compiled(
        target, compressed, compiled.route, f"compressed from {size:,} edges, in the order {names}"
    )


def _title(variable: Variable) -> str:
    """A fact as it is; a disjunction by what its heads have in common, as digit(A,_), or by the first of them."""
    heads = {re.sub(r"[^(,]*\)$", "_)", name) for name in variable.names}
    return heads.pop() if len(heads) == 1 < len(variable.names) else variable.names[0]


def edges(graph: Graph, roots: Sequence[int]) -> int:
    """What an evaluation costs: children of all nodes below the roots."""
    return sum(len(graph.children(index)) for index in graph.reachable(roots))


@dataclass(frozen=True)
class Diagram:
    """`levels[i]` has a row of children, one a value, for each node that reads variable `order[i]`; `roots` are nodes.

    Nodes 0 and 1 are false and true; those of a level follow those of the levels below it, the last one's first.
    """

    levels: tuple[Int[np.ndarray, "_ _"], ...]
    roots: Int[np.ndarray, " root"]

    @property
    def edges(self) -> int:
        """Distinct children other than false, of all nodes."""
        total = 0
        for level in self.levels:
            ascending = np.sort(level, axis=1)
            first = np.ones_like(ascending, dtype=bool)
            first[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
            total += int((first & (ascending > 0)).sum())
        return total


def reduced(table: Bool[np.ndarray, "root *world"], order: Sequence[int]) -> Diagram:
    """The reduced diagram of each root (their nodes shared), by the variables in this order."""
    nodes = np.transpose(table, (0, *(1 + place for place in order))).astype(np.int32)
    levels, count = [], 2
    for place in reversed(order):
        rows = nodes.reshape(-1, table.shape[1 + place])
        distinct, which = _distinct_rows(rows)
        # where all values lead to one node there is nothing to read
        same = (distinct == distinct[:, :1]).all(axis=1)
        number = np.where(same, distinct[:, 0], count + np.cumsum(~same) - 1)
        levels.append(distinct[~same])
        count += len(levels[-1])
        nodes = number[which].reshape(nodes.shape[:-1])
    return Diagram(tuple(reversed(levels)), nodes)


def _distinct_rows(
    rows: Int[np.ndarray, "row value"],
) -> tuple[Int[np.ndarray, "distinct value"], Int[np.ndarray, " row"]]:
    """As `numpy.unique` of rows, by a number for each row that is put together column by column."""
    keys, bound = np.zeros(len(rows), dtype=np.int64), 1
    for column in rows.T:
        values = int(column.max()) + 1
        if bound > np.iinfo(np.int64).max // values:
            _, keys = _ranked(keys, bound)
            bound = int(keys.max()) + 1
        keys *= values
        keys += column
        bound *= values
    first, place = _ranked(keys, bound)
    return rows[first], place


def _ranked(
    keys: Int[np.ndarray, " row"], bound: int
) -> tuple[Int[np.ndarray, " key"], Int[np.ndarray, " row"]]:
    """Where each distinct key stands (somewhere), in ascending order, and each row's place among them."""
    if bound > 4 * len(keys) + 100_000:
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
        return first, place
    # few possible keys: a table of them is faster than sorting
    stands = np.full(bound, -1)
    stands[keys] = np.arange(len(keys))
    found = stands >= 0
    return stands[found], (np.cumsum(found) - 1)[keys]


def best_order(table: Bool[np.ndarray, "root *world"], watch: Watch) -> tuple[int, ...]:
    """The order of the fewest edges: of all orders, or of those that sifting tries, as far as CELLS_TRIED allows.

    Sifting (Rudell, 1993) moves one variable at a time to its best place.
    """
    variables = table.ndim - 1
    trials = max(1, CELLS_TRIED // table.size)
    known: dict[tuple[int, ...], int] = {}

    def size(order: tuple[int, ...]) -> int:
        if order not in known:
            watch.check(len(known))
            known[order] = reduced(table, order).edges
        return known[order]

    if math.factorial(variables) <= trials:
        return min(permutations(range(variables)), key=size)
    best, before = tuple(range(variables)), None
    while before != best and len(known) < trials:
        before = best
        for variable in range(variables):
            for order in _moved(best, variable):
                if len(known) < trials:
                    best = min(best, order, key=size)
    return best


def _moved(order: tuple[int, ...], variable: int) -> Iterator[tuple[int, ...]]:
    others = [each for each in order if each != variable]
    for place in range(len(order)):
        yield (*others[:place], variable, *others[place:])


def _as_graph(
    graph: Graph, diagram: Diagram, variables: Sequence[int], classes: Classes, order: Sequence[int]
) -> tuple[Graph, list[int]]:
    """The diagram as nodes of a new graph over the same variables, and its roots there."""
    target = Graph(graph.variables)
    placed = [FALSE, TRUE]
    for place, level in zip(reversed(order), reversed(diagram.levels), strict=True):
        variable = variables[place]
        masks = classes[variable]
        for row in level.tolist():
            leads: dict[int, int] = {}
            for child, mask in zip(row, masks, strict=True):
                leads[child] = leads.get(child, 0) | mask
            placed.append(
                target.disjunction(
                    target.conjunction([target.literal(variable, mask), placed[child]])
                    for child, mask in leads.items()
                )
            )
    return target, [placed[root] for root in diagram.roots.tolist()]
