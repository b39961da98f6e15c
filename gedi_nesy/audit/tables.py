"""Queries as tables over map variables: of all their worlds, or of those alone in which they hold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

Domains = tuple[int, ...]
"""One mask a map variable."""


class _Table:
    """A query by the worlds in which it holds, its `rows`; `scope` names the columns, `shape` their outputs."""

    scope: tuple[int, ...]
    rows: Int[np.ndarray, "row variable"]
    shape: tuple[int, ...]

    @cached_property
    def _every(self) -> int:
        return (1 << len(self.rows)) - 1

    @cached_property
    def _having(self) -> list[list[int]]:
        """By column and output, the rows that have it, a bit a row: sets of rows meet in one operation."""
        bits, rows = [], self.rows
        for column, size in enumerate(self.shape):
            packed = [np.packbits(rows[:, column] == output, bitorder="little") for output in range(size)]
            bits.append([int.from_bytes(each.tobytes(), "little") for each in packed])
        return bits

    def _left(self, domains: Domains) -> int:
        """The rows that the domains leave."""
        left = self._every
        for variable, rows in zip(self.scope, self._having, strict=True):
            mask, own = domains[variable], 0
            for output, having in enumerate(rows):
                if mask >> output & 1:
                    own |= having
            left &= own
        return left

    def narrow(self, domains: Domains) -> dict[int, int] | None:
        """The outputs that some solution of this query uses, by variable; None if there is none. Always exact."""
        left = self._left(domains)
        if not left:
            return None
        found = {}
        for variable, rows in zip(self.scope, self._having, strict=True):
            mask, kept = domains[variable], 0
            for output, having in enumerate(rows):
                if mask >> output & 1 and having & left:
                    kept |= 1 << output
            found[variable] = kept
        return found

    def settled(self, domains: Domains) -> bool:
        """Whether it holds for all that it has left of these domains."""
        sizes = [domains[variable].bit_count() for variable in self.scope]
        if sum(size > 1 for size in sizes) <= 1:
            return True
        return self._left(domains).bit_count() == math.prod(sizes)

    def residual(self, domains: Domains) -> tuple[int, ...]:
        """The variables whose domains say what is left of it once it has narrowed them."""
        return self.scope


@dataclass(frozen=True, eq=False)
class TableConstraint(_Table):
    """A query as the table of the outputs under which it holds, an axis a variable of its scope."""

    scope: tuple[int, ...]
    allowed: Bool[np.ndarray, "*output"]

    @cached_property
    def rows(self) -> Int[np.ndarray, "row variable"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return np.argwhere(self.allowed)

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.allowed.shape

    def renamed(self, numbers: Sequence[int]) -> "TableConstraint":
        """The same of other variables, several of which may be one and the same: they then have the same output."""
        distinct = list(dict.fromkeys(numbers[variable] for variable in self.scope))
        axes = [distinct.index(numbers[variable]) for variable in self.scope]
        found = np.asarray(np.einsum(self.allowed.astype(np.uint8), axes, list(range(len(distinct)))) > 0)
        return TableConstraint(tuple(distinct), found)


@dataclass(frozen=True, eq=False)
class RowsConstraint(_Table):
    """A query as the list of its solutions, where a table of all worlds would be too large."""

    scope: tuple[int, ...]
    rows: Int[np.ndarray, "row variable"]
    shape: tuple[int, ...]

    def renamed(self, numbers: Sequence[int]) -> "RowsConstraint":
        """The same of other variables, several of which may be one and the same: they then have the same output."""
        first: dict[int, int] = {}
        kept = np.ones(len(self.rows), dtype=bool)
        for column, variable in enumerate(self.scope):
            before = first.setdefault(numbers[variable], column)
            if before != column:
                kept &= self.rows[:, before] == self.rows[:, column]
        columns = list(first.values())
        rows, shape = self.rows[kept][:, columns], tuple(self.shape[column] for column in columns)
        return RowsConstraint(tuple(first), rows, shape)

    def table(self) -> TableConstraint:
        """The same as a table of all worlds."""
        allowed = np.zeros(self.shape, dtype=bool)
        allowed[tuple(self.rows.T)] = len(self.rows) > 0
        return TableConstraint(self.scope, allowed)
