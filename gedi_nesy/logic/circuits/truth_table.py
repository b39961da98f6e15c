"""The truth table of a circuit's roots, over the values of its variables that the circuit tells apart."""

from collections import Counter
from collections.abc import Sequence
from functools import reduce

import numpy as np
from jaxtyping import Bool

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.grounding.graph import And, Constant, Graph, Literal

Classes = dict[int, list[int]]
"""For each variable the masks of its values that every literal treats alike; they are disjoint and cover all values."""

MOST_WORK = 4_000_000_000
"""Cells of all nodes together, a few seconds."""


def value_classes(graph: Graph, roots: list[int]) -> Classes:
    """The variables below the roots, in the order of their numbers."""
    masks: dict[int, set[int]] = {}
    for index in graph.reachable(roots):
        node = graph.nodes[index]
        if isinstance(node, Literal):
            masks.setdefault(node.variable, set()).add(node.mask)
    return {
        variable: _refined(graph.variables[variable].all_values, masks[variable])
        for variable in sorted(masks)
    }


def _refined(everything: int, masks: set[int]) -> list[int]:
    classes: dict[tuple[bool, ...], int] = {}
    ordered = sorted(masks)
    for value in range(everything.bit_length()):
        signature = tuple(bool(mask >> value & 1) for mask in ordered)
        classes[signature] = classes.get(signature, 0) | 1 << value
    return list(classes.values())


def truth_table(
    graph: Graph, roots: list[int], classes: Classes, watch: Watch
) -> Bool[np.ndarray, "root *world"] | None:
    """Which roots hold in each world, an axis a variable; None where that is more than MOST_WORK.

    The graph has no negations. A node's own table has length 1 in the axes of variables that are not below it.
    """
    axes = {variable: axis for axis, variable in enumerate(classes)}
    shape = tuple(map(len, classes.values()))
    order = graph.reachable(roots)
    uses = Counter(child for index in order for child in graph.children(index))
    uses.update(roots)
    tables: dict[int, np.ndarray] = {}
    work = 0
    for done, index in enumerate(order):
        if done % 256 == 0:
            watch.check(done)
        node = graph.nodes[index]
        match node:
            case Constant(value):
                tables[index] = np.full((1,) * len(shape), value)
            case Literal(variable, mask):
                held = np.array([bool(each & mask) for each in classes[variable]])
                tables[index] = np.expand_dims(
                    held, [axis for axis in range(len(shape)) if axis != axes[variable]]
                )
            case And(children):
                tables[index] = reduce(np.logical_and, (tables[child] for child in children))
            case _:
                tables[index] = _some_hold([tables[child] for child in node.children])
        work += tables[index].size * max(1, len(node.children))
        if work > MOST_WORK:
            return None
        for child in node.children:
            uses[child] -= 1
            if not uses[child]:
                del tables[child]
    return np.stack([np.broadcast_to(tables[root], shape) for root in roots])


def _some_hold(tables: Sequence[np.ndarray]) -> np.ndarray:
    found = np.zeros(np.broadcast_shapes(*(table.shape for table in tables)), dtype=bool)
    for table in tables:
        found |= table
    return found
