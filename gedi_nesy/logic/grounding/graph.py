"""A ground query as an AND/OR graph over choices, before it is known whether it is a circuit.

A `Variable` is one independent choice: an annotated disjunction with its "none of them" as last value, or a
fact, which is an annotated disjunction of one. A literal says that a variable's value lies in a set (a bit
mask); so `\\+ digit(X, 3)` is an ordinary literal, and two literals on one variable merge into one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from problog.logic import Term

FALSE, TRUE = 0, 1


@dataclass(frozen=True)
class Slot:
    """A network reading one image (or several), and the neural predicate of the program that asks for it.

    `inputs` are the ground terms of the program; `images` names those that are images of the query.
    """

    network: str
    inputs: tuple[Term, ...]
    images: tuple[str, ...]
    predicate: str
    domain: tuple[Term, ...]


@dataclass(frozen=True)
class NeuralWeight:
    """Output `output` of the network behind slot `slot`."""

    slot: int
    output: int


@dataclass(frozen=True)
class ConstantWeight:
    """A probability written in the program."""

    probability: float


@dataclass(frozen=True)
class LearnableWeight:
    """The `index`-th t(...) of the program."""

    index: int


Weight = NeuralWeight | ConstantWeight | LearnableWeight


@dataclass(frozen=True)
class Variable:
    """Values 0 .. len(weights) - 1 with these weights; value len(weights) is "none of them", with what is
    left of 1.
    """

    names: tuple[str, ...]
    weights: tuple[Weight, ...]

    @property
    def all_values(self) -> int:
        """The mask with every value in it."""
        return (1 << (len(self.weights) + 1)) - 1


Node = tuple
"""("const", bool), ("lit", variable, mask), ("and", children), ("or", children) or ("not", child); children
come first.
"""


class Graph:
    """Nodes are stored once, under their index; children always have smaller indices, so index order is
    topological.
    """

    def __init__(self, variables: list[Variable]):
        self.variables = variables
        self.nodes: list[Node] = [("const", False), ("const", True)]
        self._index: dict[Node, int] = {}

    def __len__(self) -> int:
        return len(self.nodes)

    def _add(self, node: Node) -> int:
        index = self._index.get(node)
        if index is None:
            index = self._index[node] = len(self.nodes)
            self.nodes.append(node)
        return index

    def literal(self, variable: int, mask: int) -> int:
        """The variable's value is in the mask."""
        if mask == 0:
            return FALSE
        return TRUE if mask == self.variables[variable].all_values else self._add(("lit", variable, mask))

    def negation(self, child: int) -> int:
        """Complements constants and literals, cancels double negations; elsewhere it is a node of its own."""
        node = self.nodes[child]
        if node[0] == "const":
            return FALSE if node[1] else TRUE
        if node[0] == "lit":
            return self.literal(node[1], self.variables[node[1]].all_values & ~node[2])
        return node[1] if node[0] == "not" else self._add(("not", child))

    def conjunction(self, children: Iterable[int]) -> int:
        """Literals on one variable are merged by intersection."""
        return self._compound("and", children, neutral=TRUE, absorbing=FALSE)

    def disjunction(self, children: Iterable[int]) -> int:
        """Literals on one variable are merged by union."""
        return self._compound("or", children, neutral=FALSE, absorbing=TRUE)

    def _compound(self, kind: str, children: Iterable[int], neutral: int, absorbing: int) -> int:
        masks: dict[int, int] = {}
        others: list[int] = []
        for child in dict.fromkeys(children):
            node = self.nodes[child]
            if child == absorbing:
                return absorbing
            if node[0] == "lit":
                _, variable, mask = node
                known = masks.get(variable, mask)
                masks[variable] = known & mask if kind == "and" else known | mask
            elif child != neutral:
                others.append(child)
        merged = [self.literal(variable, mask) for variable, mask in masks.items()] + others
        opposites = (self.nodes[child][1] for child in others if self.nodes[child][0] == "not")
        if absorbing in merged or any(child in merged for child in opposites):
            return absorbing
        if len(merged) <= 1:
            return merged[0] if merged else neutral
        return self._add((kind, tuple(sorted(merged))))

    def children(self, index: int) -> tuple[int, ...]:
        """The nodes a node is built from."""
        node = self.nodes[index]
        if node[0] in ("and", "or"):
            return node[1]
        return (node[1],) if node[0] == "not" else ()

    def reachable(self, roots: Iterable[int]) -> list[int]:
        """All nodes below the roots, children before parents."""
        needed = set(roots)
        for index in range(max(needed, default=0), -1, -1):
            if index in needed:
                needed.update(self.children(index))
        return sorted(needed)
