"""A compiled graph as a sequence of batched steps: what is gathered, what is summed, and where it goes.

Values live in one table of rows: row 0 is false, then come the leaves, then the nodes, level by level. A
level first forms products, each a bag of rows to add up in log space; then every disjunction of the level
reduces its own run of products. Runs are padded to a few lengths, so that a level is a handful of tensor
operations whatever its shape. A node may use rows of any earlier level: layouts whose layers see only the
layer before carry every leaf up through all of them, which is quadratic in the depth.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gedi_nesy.logic.grounding.graph import FALSE, TRUE, Graph

Leaf = tuple[int, int]
"""(variable, value): the event that a choice takes one value."""

FALSE_ROW = 0


@dataclass(frozen=True)
class Run:
    """`count` disjunctions of `length` products each."""

    count: int
    length: int


@dataclass(frozen=True)
class Level:
    """Products `first_product ...` are sums of `bags` of rows; runs of them become rows `first_row ...`,
    then the rest as is.
    """

    bags: np.ndarray
    offsets: np.ndarray
    runs: tuple[Run, ...]
    plain: int
    first_row: int
    first_product: int

    @property
    def rows(self) -> int:
        """How many rows the level adds."""
        return sum(run.count for run in self.runs) + self.plain

    @property
    def products(self) -> int:
        """How many products the level forms."""
        return len(self.offsets) - 1


@dataclass(frozen=True)
class Schedule:
    """`leaves[i]` is row 1 + i; `roots` are rows, or True or False where a root is constant."""

    leaves: list[Leaf]
    levels: list[Level]
    roots: list[int | bool]

    @property
    def rows(self) -> int:
        """Rows of the whole table."""
        return 1 + len(self.leaves) + sum(level.rows for level in self.levels)

    @property
    def products(self) -> int:
        """Products of all levels."""
        return sum(level.products for level in self.levels)

    @property
    def edges(self) -> int:
        """Rows gathered in one evaluation."""
        return sum(len(level.bags) for level in self.levels)


def schedule(graph: Graph, roots: list[int]) -> Schedule:
    """The steps that evaluate the roots of a graph without negations."""
    return _Planner(graph, roots).plan()


class _Planner:
    """Leaves are known by -1, -2, ... until every node has its row; other entries of a bag are nodes of the
    graph.
    """

    def __init__(self, graph: Graph, roots: list[int]):
        self.graph = graph
        self.roots = roots
        self.proper = [root for root in dict.fromkeys(roots) if root not in (FALSE, TRUE)]
        self.rooted = set(self.proper)
        self.order = graph.reachable(self.proper)
        self.uses = dict.fromkeys(self.order, 0)
        for index in self.order:
            for child in graph.children(index):
                self.uses[child] += 1
        self.leaves: dict[Leaf, int] = {}

    def plan(self) -> Schedule:
        levels = self._levels()
        rows = {-1 - position: 1 + position for position in range(len(self.leaves))}
        placed = []
        row, product = 1 + len(self.leaves), 0
        for members in levels:
            level = _level(members, rows, row, product)
            placed.append(level)
            row, product = row + level.rows, product + level.products
        roots = [root == TRUE if root in (FALSE, TRUE) else rows[self._entry(root)] for root in self.roots]
        return Schedule(list(self.leaves), placed, roots)

    def _levels(self) -> list[list[tuple[int, list[list[int]]]]]:
        """Every node that needs a row, with its products, one level above the highest row it uses."""
        depth: dict[int, int] = {}
        levels: list[list[tuple[int, list[list[int]]]]] = []
        for index in self.order:
            if self._entry(index) != index or self._inlined(index):
                continue
            products = self._products(index)
            below = max((depth.get(entry, 0) for product in products for entry in product), default=0)
            depth[index] = below + 1
            if below == len(levels):
                levels.append([])
            levels[below].append((index, products))
        return levels

    def _inlined(self, index: int) -> bool:
        """A conjunction used once is formed where it is used, and gets no row."""
        return self.graph.nodes[index][0] == "and" and self.uses[index] == 1 and index not in self.rooted

    def _entry(self, index: int) -> int:
        """How bags refer to a node: literals of one value are leaves, everything else is itself."""
        node = self.graph.nodes[index]
        if node[0] == "lit" and node[2].bit_count() == 1:
            return self._leaf(node[1], node[2].bit_length() - 1)
        return index

    def _leaf(self, variable: int, value: int) -> int:
        return -1 - self.leaves.setdefault((variable, value), len(self.leaves))

    def _products(self, index: int) -> list[list[int]]:
        node = self.graph.nodes[index]
        if node[0] == "lit":
            values = range(len(self.graph.variables[node[1]].weights) + 1)
            return [[self._leaf(node[1], value)] for value in values if node[2] >> value & 1]
        if node[0] == "or":
            return [self._factors([child]) for child in node[1]]
        return [self._factors(node[1])]

    def _factors(self, nodes: Iterable[int]) -> list[int]:
        factors = []
        stack = list(nodes)
        while stack:
            index = stack.pop()
            if self._inlined(index):
                stack.extend(self.graph.children(index))
            else:
                factors.append(self._entry(index))
        return factors


def _level(
    members: list[tuple[int, list[list[int]]]], rows: dict[int, int], first_row: int, first_product: int
) -> Level:
    """Order a level's nodes by the length of their runs, pad the runs, and give every node its row."""
    by_length: dict[int, list[tuple[int, list[list[int]]]]] = {}
    for member in members:
        by_length.setdefault(_padded(len(member[1])), []).append(member)
    plain = by_length.pop(1, [])
    bags: list[list[int]] = []
    row = first_row
    for length, group in [*sorted(by_length.items()), (1, plain)]:
        for index, products in group:
            bags += [[rows[entry] for entry in product] for product in products]
            bags += [[FALSE_ROW]] * (length - len(products))
            rows[index] = row
            row += 1
    runs = tuple(Run(len(group), length) for length, group in sorted(by_length.items()))
    offsets = np.cumsum([0, *map(len, bags)])
    flat = np.array([entry for bag in bags for entry in bag], dtype=np.int64)
    return Level(flat, offsets.astype(np.int64), runs, len(plain), first_row, first_product)


def _padded(length: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: at most a third of a run is padding."""
    power = 1 << max(0, length - 1).bit_length()
    return power * 3 // 4 if power >= 4 and length <= power * 3 // 4 else power
