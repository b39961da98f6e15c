"""What follows from a condition before anything is compiled: unit propagation on the ground graph.

Nodes that the condition decides become constants, and variables lose the values that it rules out, so that
evidence makes the graph smaller instead of larger.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gedi_nesy.logic.grounding.graph import And, ConstantWeight, Graph, Literal, Node, Not, Or, Variable


class ContradictionError(Exception):
    """The condition cannot hold."""


@dataclass
class Known:
    """`values` of decided nodes; `allowed` holds the masks of variables that have lost values."""

    values: dict[int, bool]
    allowed: dict[int, int] = field(default_factory=dict)


def possible_values(variable: Variable) -> int:
    """The mask of the values that have not the probability 0 by the numbers of the program."""
    mask = variable.all_values
    for value, weight in enumerate(variable.weights):
        if isinstance(weight, ConstantWeight) and weight.probability == 0:
            mask &= ~(1 << value)
    numbers = [weight.probability for weight in variable.weights if isinstance(weight, ConstantWeight)]
    # As in `leaves.py`: 0.7, 0.2 and 0.1 leave nothing, but their sum as floats leaves 1e-16.
    rounding = 4 * sys.float_info.epsilon * len(numbers) if len(numbers) > 1 else 0.0
    if len(numbers) == len(variable.weights) and 1 - math.fsum(numbers) <= rounding:
        mask &= ~(1 << len(numbers))
    return mask


def propagate(
    graph: Graph, nodes: Sequence[int], condition: Iterable[int], possible: dict[int, int]
) -> Known:
    """What is decided among `nodes` (children before parents, 0 and 1 apart) if all of the condition holds.

    `possible` holds the masks of variables of which some values have probability 0. ContradictionError where
    the condition cannot hold.
    """
    return _Propagation(graph, nodes, possible).run(condition)


class _Propagation:
    def __init__(self, graph: Graph, nodes: Sequence[int], possible: dict[int, int]):
        self.graph = graph
        self.known = Known({0: False, 1: True}, dict(possible))
        self.parents: dict[int, list[int]] = {}
        self.literals: dict[int, list[int]] = {}
        self.open: dict[int, int] = {}
        for index in nodes:
            node = graph.nodes[index]
            if isinstance(node, Literal):
                self.literals.setdefault(node.variable, []).append(index)
            self.open[index] = len(node.children)
            for child in node.children:
                self.parents.setdefault(child, []).append(index)
        self.waiting: list[int] = []

    def run(self, condition: Iterable[int]) -> Known:
        for variable in list(self.known.allowed):
            self._restricted(variable)
        for index in condition:
            self._decide(index, True)
        while self.waiting:
            index = self.waiting.pop()
            value = self.known.values[index]
            self._downwards(index, self.graph.nodes[index], value)
            for parent in self.parents.get(index, ()):
                self._upwards(parent, self.graph.nodes[parent], value)
        return self.known

    def _decide(self, index: int, value: bool) -> None:
        before = self.known.values.get(index)
        if before is None:
            self.known.values[index] = value
            self.waiting.append(index)
        elif before != value:
            raise ContradictionError

    def _downwards(self, index: int, node: Node, value: bool) -> None:
        match node:
            case Literal(variable, mask):
                everything = self.graph.variables[variable].all_values
                before = self.known.allowed.get(variable, everything)
                after = before & (mask if value else everything & ~mask)
                if after == 0:
                    raise ContradictionError
                if after != before:
                    self.known.allowed[variable] = after
                    self._restricted(variable)
            case Not(child):
                self._decide(child, not value)
            case And(children) | Or(children):
                if value == isinstance(node, And):
                    for child in children:
                        self._decide(child, value)
                elif self.open[index] <= 1:
                    self._last(node)

    def _upwards(self, parent: int, node: Node, value: bool) -> None:
        if isinstance(node, Not):
            self._decide(parent, not value)
            return
        absorbing = isinstance(node, Or)
        if value == absorbing:
            self._decide(parent, absorbing)
            return
        self.open[parent] -= 1
        if self.open[parent] == 0:
            self._decide(parent, not absorbing)
        elif self.open[parent] == 1 and self.known.values.get(parent) == absorbing:
            self._last(node)

    def _last(self, node: Node) -> None:
        """A disjunction holds, and all of its children but one do not; or the same of a conjunction."""
        holds = isinstance(node, Or)
        values = self.known.values
        if any(values.get(child) == holds for child in node.children):
            return
        left = [child for child in node.children if child not in values]
        if not left:
            raise ContradictionError
        if len(left) == 1:
            self._decide(left[0], holds)

    def _restricted(self, variable: int) -> None:
        allowed = self.known.allowed[variable]
        for index in self.literals.get(variable, ()):
            mask = self.graph.nodes[index].mask  # pyright: ignore[reportAttributeAccessIssue]
            if mask & allowed == 0:
                self._decide(index, False)
            elif allowed & ~mask == 0:
                self._decide(index, True)
