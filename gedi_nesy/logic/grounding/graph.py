"""A ground query as an AND/OR graph over multi-valued variables, before it is known whether it is a circuit.

A `Variable` is one annotated disjunction with its residual value ("none of its heads") last, or a fact, which
is an annotated disjunction of one. Variables are independent. A literal says that a variable's value lies in a set (a
bit mask); so `\\+ digit(X, 3)` is an ordinary literal, and two literals on one variable merge into one.
"""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

FALSE, TRUE = 0, 1


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
    """The `index`-th t(...) of the program; where that is t(_, X), `key` is what X is bound to, as text."""

    index: int
    key: str = ""


Weight = NeuralWeight | ConstantWeight | LearnableWeight


@dataclass(frozen=True)
class Variable:
    """Values 0 .. len(weights) - 1 with these weights; len(weights) is the residual value, with what is left
    of 1.
    """

    names: tuple[str, ...]
    weights: tuple[Weight, ...]

    @property
    def all_values(self) -> int:
        """The mask with every value in it."""
        return (1 << (len(self.weights) + 1)) - 1


@dataclass(frozen=True, slots=True)
class Constant:
    """True or false."""

    value: bool
    children: ClassVar[tuple[int, ...]] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """The variable's value lies in the mask."""

    variable: int
    mask: int
    children: ClassVar[tuple[int, ...]] = ()


@dataclass(frozen=True, slots=True)
class And:
    """All children hold."""

    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some child holds."""

    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: int

    @property
    def children(self) -> tuple[int, ...]:
        """The child alone."""
        return (self.child,)


Node = Constant | Literal | And | Or | Not


class Graph:
    """Nodes are stored once, under their index; children always have smaller indices, so index order is
    topological.
    """

    def __init__(self, variables: list[Variable]):
        self.variables = variables
        self.nodes: list[Node] = [Constant(False), Constant(True)]
        # Per kind, since kinds with equal fields are different nodes; plain keys, since they hash fastest.
        self._literals: dict[tuple[int, int], int] = {}
        self._ands: dict[tuple[int, ...], int] = {}
        self._ors: dict[tuple[int, ...], int] = {}
        self._nots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.nodes)

    def _append(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def literal(self, variable: int, mask: int) -> int:
        """The variable's value is in the mask."""
        if mask == 0:
            return FALSE
        if mask == self.variables[variable].all_values:
            return TRUE
        index = self._literals.get((variable, mask))
        if index is None:
            index = self._literals[variable, mask] = self._append(Literal(variable, mask))
        return index

    def negation(self, child: int) -> int:
        """Complements constants and literals, cancels double negations; elsewhere it is a node of its own."""
        match self.nodes[child]:
            case Constant(value):
                return FALSE if value else TRUE
            case Literal(variable, mask):
                return self.literal(variable, self.variables[variable].all_values & ~mask)
            case Not(negated):
                return negated
        index = self._nots.get(child)
        if index is None:
            index = self._nots[child] = self._append(Not(child))
        return index

    def conjunction(self, children: Iterable[int]) -> int:
        """Literals on one variable are merged by intersection."""
        merged = self._merge(children, operator.and_, neutral=TRUE, absorbing=FALSE)
        if len(merged) <= 1:
            return merged[0] if merged else TRUE
        index = self._ands.get(merged)
        if index is None:
            index = self._ands[merged] = self._append(And(merged))
        return index

    def disjunction(self, children: Iterable[int]) -> int:
        """Literals on one variable are merged by union."""
        merged = self._merge(children, operator.or_, neutral=FALSE, absorbing=TRUE)
        if len(merged) <= 1:
            return merged[0] if merged else FALSE
        index = self._ors.get(merged)
        if index is None:
            index = self._ors[merged] = self._append(Or(merged))
        return index

    def _merge(
        self, children: Iterable[int], combine: Callable[[int, int], int], neutral: int, absorbing: int
    ) -> tuple[int, ...]:
        """The children, sorted and distinct, with one literal a variable; `(absorbing,)` where that decides."""
        masks: dict[int, int] = {}
        others: list[int] = []
        negated: list[int] = []
        nodes = self.nodes
        for child in dict.fromkeys(children):
            if child == absorbing:
                return (absorbing,)
            node = nodes[child]
            if isinstance(node, Literal):
                known = masks.get(node.variable)
                masks[node.variable] = node.mask if known is None else combine(known, node.mask)
            elif child != neutral:
                others.append(child)
                if isinstance(node, Not):
                    negated.append(node.child)
        merged = [self.literal(variable, mask) for variable, mask in masks.items()] + others
        if absorbing in merged or any(child in merged for child in negated):
            return (absorbing,)
        return tuple(sorted(merged))

    def children(self, index: int) -> tuple[int, ...]:
        """The nodes a node is built from."""
        return self.nodes[index].children

    def reachable(self, roots: Iterable[int]) -> list[int]:
        """All nodes below the roots, children before parents."""
        needed = set(roots)
        for index in range(max(needed, default=0), -1, -1):
            if index in needed:
                needed.update(self.nodes[index].children)
        return sorted(needed)
