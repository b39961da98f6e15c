"""Counting and finding concept maps: backtracking over constraints that prune, one component at a time.

Every constraint prunes as much as it can, and what no constraint connects is counted apart and multiplied. What is
left to count depends only on the domains that constraints still connect, up to a renaming of outputs that no
constraint tells apart; so counts are remembered by that. When time is up, what was counted bounds the number.
"""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gedi_nesy.audit.constraints import Constraint, Domains, is_fixed, outputs_of
from gedi_nesy.audit.symmetry import interchangeable
from gedi_nesy.logic.errors import TooLargeError


class Bounds(NamedTuple):
    """A number lies between these two, both included."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether the number is known."""
        return self.low == self.high

    def meet(self, other: "Bounds") -> "Bounds":
        """Both hold."""
        return Bounds(max(self.low, other.low), min(self.high, other.high))

    def __mul__(self, other: "Bounds") -> "Bounds":  # pyright: ignore[reportIncompatibleMethodOverride]
        return Bounds(self.low * other.low, self.high * other.high)


class MapSearch:
    """All assignments of outputs to variables under which every constraint holds, by `time.monotonic()` = deadline.

    `groups` are the variables of each network, with its number of outputs: outputs are renamed for all variables of one
    group at once.
    """

    def __init__(
        self,
        constraints: Sequence[Constraint],
        num_variables: int,
        deadline: float,
        groups: Sequence[tuple[Sequence[int], int]] = (),
    ):
        self.constraints = tuple(constraints)
        self.deadline = deadline
        self.touching: list[list[int]] = [[] for _ in range(num_variables)]
        for index, constraint in enumerate(self.constraints):
            for variable in constraint.scope:
                self.touching[variable].append(index)
        self.classes = [
            (frozenset(group), interchangeable(self.constraints, group, outputs)) for group, outputs in groups
        ]
        self._counted: dict[tuple, int] = {}

    def narrowed(self, domains: Domains) -> Domains | None:
        """What pruning alone leaves of the domains; None if it already shows that there is no solution."""
        return self._propagate(domains, range(len(self.constraints)))

    def count(self, domains: Domains) -> int:
        """How many there are; TooLargeError when time is up."""
        found = self.bounds(domains)
        if not found.exact:
            raise TooLargeError("the maps are too many to count")
        return found.low

    def bounds(self, domains: Domains, until: float = math.inf) -> Bounds:
        """How many there are; what is known of it when it is later than `until`, or time is up."""
        deadline = self.deadline
        self.deadline = min(deadline, until)
        try:
            return self._bounds(domains)
        finally:
            self.deadline = deadline

    def _bounds(self, domains: Domains) -> Bounds:
        try:
            narrowed = self.narrowed(domains)
        except TooLargeError:
            return Bounds(0, math.prod(mask.bit_count() for mask in domains))
        return Bounds(0, 0) if narrowed is None else self._count(narrowed, range(len(domains)))

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
        variable = self._first(domains, unfixed)
        for output in outputs_of(domains[variable]):
            branch = self._fix(domains, variable, output)
            if branch is not None:
                yield from self._solutions(branch)

    def _first(self, domains: Domains, unfixed: Sequence[int]) -> int:
        """The variable to branch on."""
        return min(unfixed, key=lambda v: (domains[v].bit_count(), -len(self.touching[v])))

    def _fix(self, domains: Domains, variable: int, output: int) -> Domains | None:
        fixed = (*domains[:variable], 1 << output, *domains[variable + 1 :])
        return self._propagate(fixed, self.touching[variable])

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

    def _count(self, domains: Domains, members: Iterable[int]) -> Bounds:
        unfixed = [v for v in members if not is_fixed(domains[v])]
        touching = dict.fromkeys(index for v in unfixed for index in self.touching[v])
        unsettled = [index for index in touching if not self.constraints[index].settled(domains)]
        total = Bounds(1, 1)
        for component, indices in self._components(unfixed, unsettled):
            total *= self._count_component(domains, component, indices)
        return total

    def _count_component(
        self, domains: Domains, component: tuple[int, ...], indices: tuple[int, ...]
    ) -> Bounds:
        if not indices:
            size = domains[component[0]].bit_count()
            return Bounds(size, size)
        key = (component, indices, *self._residual(domains, component, indices))
        if key in self._counted:
            return Bounds(self._counted[key], self._counted[key])
        variable = self._first(domains, component)
        rest = math.prod(domains[v].bit_count() for v in component if v != variable)
        low = high = 0
        for output in outputs_of(domains[variable]):
            try:
                branch = self._fix(domains, variable, output)
            except TooLargeError:
                high += rest
                continue
            if branch is not None:
                found = self._count(branch, component)
                low, high = low + found.low, high + found.high
        if low == high:
            self._counted[key] = low
        return Bounds(low, high)

    def _residual(self, domains: Domains, component: tuple[int, ...], indices: tuple[int, ...]) -> list:
        """What the count of a component depends on; the same for domains that differ in the names of outputs alone."""
        scopes = (self.constraints[index].residual(domains) for index in indices)
        variables = list(dict.fromkeys(v for scope in (component, *scopes) for v in scope))
        parts: list = []
        for group, classes in self.classes:
            own = [v for v in variables if v in group]
            for outputs in classes:
                columns = [sum((domains[v] >> o & 1) << i for i, v in enumerate(own)) for o in outputs]
                parts.append(tuple(sorted(columns)))
        return parts or [tuple(domains[v] for v in variables)]

    def _components(
        self, unfixed: Sequence[int], unsettled: Sequence[int]
    ) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """The unfixed variables, grouped by the unsettled constraints that connect them, and these constraints."""
        by_variable: dict[int, list[int]] = {v: [] for v in unfixed}
        for index in unsettled:
            for v in self.constraints[index].scope:
                if v in by_variable:
                    by_variable[v].append(index)
        groups = []
        left = dict.fromkeys(unfixed)
        while left:
            group = {next(iter(left)): None}
            indices: dict[int, None] = {}
            for variable in (stack := list(group)):
                for index in by_variable[variable]:
                    if index not in indices:
                        indices[index] = None
                        others = [
                            v for v in self.constraints[index].scope if v in by_variable and v not in group
                        ]
                        group.update(dict.fromkeys(others))
                        stack.extend(others)
            for variable in group:
                del left[variable]
            groups.append((tuple(sorted(group)), tuple(sorted(indices))))
        return groups
