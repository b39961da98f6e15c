"""Counting and finding concept maps: backtracking over circuits that prune, one component at a time.

A domain is a bit mask of the outputs that are still possible for a symbol. A decomposable circuit says in one pass
from its leaves to its root which outputs a query leaves to each of its symbols; so each query prunes as much as it can,
and what queries do not connect is counted apart and multiplied.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.grounding.graph import And, Literal, Or

Domains = tuple[int, ...]
"""One mask a map variable."""

Node = Literal | And | Or
"""A literal on a map variable, or a node whose children are given by their places in the circuit."""


@dataclass(frozen=True)
class CircuitConstraint:
    """A query, as a circuit over map variables; children come first, the root last."""

    scope: tuple[int, ...]
    nodes: tuple[Node, ...]

    def narrow(self, domains: Domains) -> dict[int, int] | None:
        """The outputs that some solution of this query uses, by variable; None if there is no solution.

        Exact where the circuit is decomposable, and in any case where the domains hold one output each.
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


@dataclass(frozen=True, eq=False)
class TableConstraint:
    """A query as the table of the outputs under which it holds, an axis a variable of its scope."""

    scope: tuple[int, ...]
    allowed: Bool[np.ndarray, "*output"]

    def narrow(self, domains: Domains) -> dict[int, int] | None:
        """As of a circuit, and always exact."""
        outputs = [outputs_of(domains[variable]) for variable in self.scope]
        left = self.allowed[np.ix_(*outputs)]
        if not left.any():
            return None
        found = {}
        for axis, variable in enumerate(self.scope):
            others = tuple(other for other in range(left.ndim) if other != axis)
            kept = np.flatnonzero(left.any(axis=others))
            found[variable] = sum(1 << outputs[axis][place] for place in kept)
        return found


@dataclass(frozen=True)
class AllDifferent:
    """No two of these variables have the same output."""

    scope: tuple[int, ...]

    def narrow(self, domains: Domains) -> dict[int, int] | None:
        """Outputs that are taken are no longer open to the others."""
        taken = 0
        for variable in self.scope:
            if is_fixed(domains[variable]):
                if taken & domains[variable]:
                    return None
                taken |= domains[variable]
        left = {v: domains[v] & ~taken for v in self.scope if not is_fixed(domains[v])}
        return left if all(left.values()) else None


Constraint = CircuitConstraint | TableConstraint | AllDifferent
"""What some of the map variables, its `scope`, have to satisfy together."""


def is_fixed(mask: int) -> bool:
    """Exactly one output is left."""
    return mask.bit_count() == 1


def outputs_of(mask: int) -> list[int]:
    """The outputs in a mask, in order."""
    return [output for output in range(mask.bit_length()) if mask >> output & 1]


class MapSearch:
    """All assignments of outputs to variables under which every constraint holds, by `time.monotonic()` = deadline."""

    def __init__(self, constraints: Sequence[Constraint], num_variables: int, deadline: float):
        self.constraints = tuple(constraints)
        self.deadline = deadline
        self.touching: list[list[int]] = [[] for _ in range(num_variables)]
        for index, constraint in enumerate(self.constraints):
            for variable in constraint.scope:
                self.touching[variable].append(index)
        self._counted: dict[tuple, int] = {}

    def narrowed(self, domains: Domains) -> Domains | None:
        """What pruning alone leaves of the domains; None if it already shows that there is no solution."""
        return self._propagate(domains, range(len(self.constraints)))

    def count(self, domains: Domains) -> int:
        """How many there are; TooLargeError when time is up."""
        narrowed = self.narrowed(domains)
        return 0 if narrowed is None else self._count(narrowed, range(len(domains)))

    def solutions(self, domains: Domains) -> Iterator[tuple[int, ...]]:
        """Each of them, as one output a variable; TooLargeError when time is up."""
        narrowed = self.narrowed(domains)
        if narrowed is not None:
            yield from self._solutions(narrowed)

    def _solutions(self, domains: Domains) -> Iterator[tuple[int, ...]]:
        unfixed = [variable for variable, mask in enumerate(domains) if not is_fixed(mask)]
        if not unfixed:
            yield tuple(mask.bit_length() - 1 for mask in domains)
            return
        for branch in self._branches(domains, unfixed):
            yield from self._solutions(branch)

    def _branches(self, domains: Domains, unfixed: Sequence[int]) -> Iterator[Domains]:
        variable = min(unfixed, key=lambda v: (domains[v].bit_count(), -len(self.touching[v])))
        for output in outputs_of(domains[variable]):
            fixed = (*domains[:variable], 1 << output, *domains[variable + 1 :])
            branch = self._propagate(fixed, self.touching[variable])
            if branch is not None:
                yield branch

    def _propagate(self, domains: Domains, first: Iterable[int]) -> Domains | None:
        """Prune until nothing changes, beginning with some constraints; None if nothing is left."""
        masks = list(domains)
        waiting = dict.fromkeys(first)
        while waiting:
            index = next(iter(waiting))
            del waiting[index]
            if time.monotonic() > self.deadline:
                raise TooLargeError("the maps are too many to count")
            narrowed = self.constraints[index].narrow(tuple(masks))
            if narrowed is None:
                return None
            for variable, mask in narrowed.items():
                if mask != masks[variable]:
                    masks[variable] = mask
                    waiting.update(dict.fromkeys(self.touching[variable]))
        return tuple(masks)

    def _count(self, domains: Domains, members: Iterable[int]) -> int:
        total = 1
        for component in self._components(domains, [v for v in members if not is_fixed(domains[v])]):
            indices = dict.fromkeys(index for v in component for index in self.touching[v])
            scopes = (self.constraints[index].scope for index in indices)
            key = (component, *(tuple(domains[v] for v in scope) for scope in scopes))
            if not indices:
                self._counted[key] = domains[component[0]].bit_count()
            elif key not in self._counted:
                branches = self._branches(domains, component)
                self._counted[key] = sum(self._count(branch, component) for branch in branches)
            total *= self._counted[key]
        return total

    def _components(self, domains: Domains, unfixed: Sequence[int]) -> list[tuple[int, ...]]:
        """The unfixed variables, grouped by the constraints that connect them."""
        groups: list[tuple[int, ...]] = []
        left = dict.fromkeys(unfixed)
        while left:
            group = {next(iter(left)): None}
            for variable in (stack := list(group)):
                for index in self.touching[variable]:
                    others = [v for v in self.constraints[index].scope if v in left and v not in group]
                    group.update(dict.fromkeys(others))
                    stack.extend(others)
            for variable in group:
                del left[variable]
            groups.append(tuple(sorted(group)))
        return groups
