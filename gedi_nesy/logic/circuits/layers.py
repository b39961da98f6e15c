"""A compiled graph in layers: what is gathered, what is summed, and where it goes.

Values live in one table of rows: row 0 is false, then come the leaves, then the nodes, layer by layer. A
layer first forms products, each a bag of rows to add up in log space; then every disjunction of the layer
reduces its own products. Disjunctions are padded to a few lengths and form blocks, so that a layer is a handful
of tensor operations whatever its shape. A node may use rows of any earlier layer: layouts whose layers see only the
layer before carry every leaf up through all of them, which is quadratic in the depth.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gedi_nesy.logic.grounding.graph import FALSE, TRUE, And, Graph, Literal, Or

Leaf = tuple[int, int]
"""(variable, value): the event that a variable takes one value."""

FALSE_ROW = 0

FEW_PRODUCTS = 512
"""A layer whose disjunctions have no more products than this, all padded to the longest, is one block."""


@dataclass(frozen=True)
class SumBlock:
    """`count` disjunctions of `length` products each."""

    count: int
    length: int


@dataclass(frozen=True)
class Layer:
    """Products `first_product ...` are sums of `bags` of rows; blocks of them become rows `first_row ...`,
    then the rest as is.
    """

    bags: np.ndarray
    offsets: np.ndarray
    blocks: tuple[SumBlock, ...]
    plain: int
    first_row: int
    first_product: int

    @property
    def rows(self) -> int:
        """How many rows the layer adds."""
        return sum(block.count for block in self.blocks) + self.plain

    @property
    def products(self) -> int:
        """How many products the layer forms."""
        return len(self.offsets) - 1


@dataclass(frozen=True)
class LayeredCircuit:
    """`leaves[i]` is row 1 + i; `roots` are rows, or True or False where a root is constant."""

    leaves: list[Leaf]
    layers: list[Layer]
    roots: list[int | bool]

    @property
    def rows(self) -> int:
        """Rows of the whole table."""
        return 1 + len(self.leaves) + sum(layer.rows for layer in self.layers)

    @property
    def products(self) -> int:
        """Products of all layers."""
        return sum(layer.products for layer in self.layers)

    @property
    def edges(self) -> int:
        """Rows gathered in one evaluation."""
        return sum(len(layer.bags) for layer in self.layers)


def layer_graph(graph: Graph, roots: list[int]) -> LayeredCircuit:
    """The layers that evaluate the roots of a graph without negations."""
    return _Builder(graph, roots).build()


class _Builder:
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

    def build(self) -> LayeredCircuit:
        layers = self._layers()
        rows = {-1 - position: 1 + position for position in range(len(self.leaves))}
        placed = []
        row, product = 1 + len(self.leaves), 0
        for members in layers:
            layer = _layer(members, rows, row, product)
            placed.append(layer)
            row, product = row + layer.rows, product + layer.products
        roots = [root == TRUE if root in (FALSE, TRUE) else rows[self._entry(root)] for root in self.roots]
        return LayeredCircuit(list(self.leaves), placed, roots)

    def _layers(self) -> list[list[tuple[int, list[list[int]]]]]:
        """Every node that needs a row, with its products, one layer above the highest row it uses."""
        depth: dict[int, int] = {}
        layers: list[list[tuple[int, list[list[int]]]]] = []
        for index in self.order:
            if self._entry(index) != index or self._inlined(index):
                continue
            products = self._products(index)
            below = max((depth.get(entry, 0) for product in products for entry in product), default=0)
            depth[index] = below + 1
            if below == len(layers):
                layers.append([])
            layers[below].append((index, products))
        return layers

    def _inlined(self, index: int) -> bool:
        """A conjunction used once is formed where it is used, and gets no row."""
        return isinstance(self.graph.nodes[index], And) and self.uses[index] == 1 and index not in self.rooted

    def _entry(self, index: int) -> int:
        """How bags refer to a node: literals of one value are leaves, everything else is itself."""
        node = self.graph.nodes[index]
        if isinstance(node, Literal) and node.mask.bit_count() == 1:
            return self._leaf(node.variable, node.mask.bit_length() - 1)
        return index

    def _leaf(self, variable: int, value: int) -> int:
        return -1 - self.leaves.setdefault((variable, value), len(self.leaves))

    def _products(self, index: int) -> list[list[int]]:
        match self.graph.nodes[index]:
            case Literal(variable, mask):
                values = range(len(self.graph.variables[variable].weights) + 1)
                return [[self._leaf(variable, value)] for value in values if mask >> value & 1]
            case Or(children):
                return [self._factors([child]) for child in children]
            case And(children):
                return [self._factors(children)]
        raise AssertionError(f"a compiled graph has no {self.graph.nodes[index]} here")

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


def _layer(
    members: list[tuple[int, list[list[int]]]], rows: dict[int, int], first_row: int, first_product: int
) -> Layer:
    """Order a layer's nodes by the length of their blocks, pad the blocks, and give every node its row."""
    by_length: dict[int, list[tuple[int, list[list[int]]]]] = {}
    sums = [len(products) for _, products in members if len(products) > 1]
    # Below this size it is the number of tensor operations that costs, not what they compute.
    single = max(sums, default=0) if len(sums) * max(sums, default=0) <= FEW_PRODUCTS else None
    for member in members:
        length = len(member[1])
        by_length.setdefault(_padded(length) if single is None or length < 2 else single, []).append(member)
    plain = by_length.pop(1, [])
    bags: list[list[int]] = []
    row = first_row
    for length, group in [*sorted(by_length.items()), (1, plain)]:
        for index, products in group:
            bags += [[rows[entry] for entry in product] for product in products]
            bags += [[FALSE_ROW]] * (length - len(products))
            rows[index] = row
            row += 1
    blocks = tuple(SumBlock(len(group), length) for length, group in sorted(by_length.items()))
    offsets = np.cumsum([0, *map(len, bags)])
    flat = np.array([entry for bag in bags for entry in bag], dtype=np.int64)
    return Layer(flat, offsets.astype(np.int64), blocks, len(plain), first_row, first_product)


def _padded(length: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: at most a third of a block is padding."""
    power = 1 << max(0, length - 1).bit_length()
    return power * 3 // 4 if power >= 4 and length <= power * 3 // 4 else power
