"""What concept maps have to satisfy: a query as a circuit or in a table over map variables, and one-to-one.

A domain is a bit mask of the outputs that are still possible for a symbol. A constraint says which of them it leaves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from jaxtyping import Bool

from gedi_nesy.audit.tables import Domains, RowsConstraint, TableConstraint
from gedi_nesy.logic.grounding.graph import And, Literal, Or

Node = Literal | And | Or
"""A literal on a map variable, or a node whose children are given by their places in the circuit."""


def is_fixed(mask: int) -> bool:
    """Exactly one output is left."""
    return mask.bit_count() == 1


def outputs_of(mask: int) -> list[int]:
    """The outputs in a mask, in order."""
    return [output for output in range(mask.bit_length()) if mask >> output & 1]


@dataclass(frozen=True)
class CircuitConstraint:
    """A query, as a circuit over map variables; children come first, the root last."""

    scope: tuple[int, ...]
    nodes: tuple[Node, ...]

    def narrow(self, domains: Domains) -> dict[int, int] | None:
        """The outputs that some solution of this query uses, by variable; None if there is no solution.

        Exact where the circuit is decomposable, and in any case where at most one domain holds several outputs.
        """
        found: list[dict[int, int] | None] = []
        for node in self.nodes:
            match node:
                case Literal(variable, mask):
                    left = domains[variable] & mask
                    found.append({variable: left} if left else None)
                case And(children):
                    found.append(_all_of([found[child] for child in children]))
                case Or(children):
                    found.append(_any_of([found[child] for child in children]))
        return found[-1]

    def settled(self, domains: Domains) -> bool:
        """Whether it certainly holds for all that it has left of these domains."""
        return sum(not is_fixed(domains[variable]) for variable in self.scope) <= 1

    def residual(self, domains: Domains) -> tuple[int, ...]:
        """The variables whose domains say what is left of it once it has narrowed them."""
        return self.scope

    def parts(self) -> list["CircuitConstraint"]:
        """The conjuncts: together they say the same."""
        root = self.nodes[-1]
        if not isinstance(root, And):
            return [self]
        own = [_below(self.nodes, child) for child in root.children]
        return [part for each in own for part in each.parts()]

    def table(self, sizes: Sequence[int]) -> "TableConstraint":
        """The same as a table; `sizes` has the number of outputs of every variable."""
        shape = [sizes[variable] for variable in self.scope]
        axes = {variable: axis for axis, variable in enumerate(self.scope)}
        found: list[np.ndarray] = []
        for node in self.nodes:
            match node:
                case Literal(variable, mask):
                    holds = np.array([bool(mask >> output & 1) for output in range(sizes[variable])])
                    along = [1] * len(shape)
                    along[axes[variable]] = -1
                    found.append(holds.reshape(along))
                case And(children):
                    found.append(_folded(np.logical_and, [found[child] for child in children], True))
                case Or(children):
                    found.append(_folded(np.logical_or, [found[child] for child in children], False))
        return TableConstraint(self.scope, np.broadcast_to(found[-1], shape))

    def renamed(self, numbers: Sequence[int]) -> "CircuitConstraint":
        """The same of other variables, several of which may be one and the same."""
        nodes = tuple(
            replace(node, variable=numbers[node.variable]) if isinstance(node, Literal) else node
            for node in self.nodes
        )
        return CircuitConstraint(tuple(sorted({numbers[each] for each in self.scope})), nodes)


def _below(nodes: tuple[Node, ...], root: int) -> CircuitConstraint:
    """The circuit of one node."""
    needed = {root}
    for index in range(root, -1, -1):
        node = nodes[index]
        if index in needed and not isinstance(node, Literal):
            needed.update(node.children)
    place = {index: new for new, index in enumerate(sorted(needed))}
    own: list[Node] = []
    for index in place:
        node = nodes[index]
        own.append(
            node if isinstance(node, Literal) else type(node)(tuple(place[child] for child in node.children))
        )
    return CircuitConstraint(tuple(sorted({n.variable for n in own if isinstance(n, Literal)})), tuple(own))


def _folded(
    combine: Callable[[np.ndarray, np.ndarray], np.ndarray],
    children: Sequence[Bool[np.ndarray, "..."]],
    neutral: bool,
) -> Bool[np.ndarray, "..."]:
    # without axes numpy gives a scalar
    return np.asarray(reduce(combine, children) if children else neutral)


def _all_of(children: Iterable[dict[int, int] | None]) -> dict[int, int] | None:
    merged: dict[int, int] = {}
    for child in children:
        if child is None:
            return None
        for variable, mask in child.items():
            merged[variable] = merged.get(variable, mask) & mask
    return merged if all(merged.values()) else None


def _any_of(children: Iterable[dict[int, int] | None]) -> dict[int, int] | None:
    possible = [child for child in children if child is not None]
    if not possible:
        return None
    united = dict(possible[0])
    for child in possible[1:]:
        # a variable that one branch does not mention is free in it
        united = {variable: mask | child[variable] for variable, mask in united.items() if variable in child}
    return united


@dataclass(frozen=True)
class AllDifferent:
    """No two of these variables have the same output."""

    scope: tuple[int, ...]

    def narrow(self, domains: Domains) -> dict[int, int] | None:
        """Outputs that are taken are no longer open to the others; an output that only one can have is its own."""
        taken = 0
        for variable in self.scope:
            if is_fixed(domains[variable]):
                if taken & domains[variable]:
                    return None
                taken |= domains[variable]
        left = {v: domains[v] & ~taken for v in self.scope if not is_fixed(domains[v])}
        once = several = 0
        for mask in left.values():
            several |= once & mask
            once |= mask
        spare = once.bit_count() - len(left)
        if spare < 0 or not all(left.values()):
            return None
        if not spare:
            for variable, mask in left.items():
                alone = mask & ~several
                if alone.bit_count() > 1:
                    return None
                left[variable] = alone or mask
        return left

    def settled(self, domains: Domains) -> bool:
        """Whether no two of them have an output in common."""
        union = 0
        for variable in self.scope:
            if union & domains[variable]:
                return False
            union |= domains[variable]
        return True

    def residual(self, domains: Domains) -> tuple[int, ...]:
        """Those that are not fixed: what the others have is gone from their domains."""
        return tuple(variable for variable in self.scope if not is_fixed(domains[variable]))


QueryConstraint = CircuitConstraint | TableConstraint | RowsConstraint
"""What a query says of them."""

Constraint = QueryConstraint | AllDifferent
"""What some of the map variables, its `scope`, have to satisfy together."""
