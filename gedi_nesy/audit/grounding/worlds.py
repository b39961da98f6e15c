"""The worlds in which the nodes of a ground graph hold, listed: a number each, whose digits are outputs of slots."""

import math
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from gedi_nesy.audit.grounding.as_constraints import Choice
from gedi_nesy.audit.tables import RowsConstraint
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.grounding.graph import And, Constant, Graph, Literal, Not, Or

MOST = 200_000
"""Worlds of one node that are listed."""


class _Worlds(NamedTuple):
    """Of the slots in `scope`, in order; a world is the sum of output times stride over them."""

    scope: tuple[int, ...]
    codes: Int[np.ndarray, " world"]


class _Slots:
    """What a number says of each slot."""

    def __init__(self, sizes: Sequence[int]):
        self.sizes = sizes
        self.strides = [1, *accumulate(sizes, lambda before, size: before * size)][: len(sizes)]

    def values(self, codes: Int[np.ndarray, " world"], slot: int) -> Int[np.ndarray, " world"]:
        return codes // self.strides[slot] % self.sizes[slot]

    def literal(self, slot: int, mask: int) -> _Worlds:
        outputs = [output for output in range(self.sizes[slot]) if mask >> output & 1]
        return _Worlds((slot,), self.strides[slot] * np.array(outputs, dtype=np.int64))

    def both(self, one: _Worlds | None, other: _Worlds | None) -> _Worlds | None:
        """The worlds of a conjunction: pairs that agree in the slots that both know."""
        if one is None or other is None:
            return None
        scope = tuple(sorted({*one.scope, *other.scope}))
        shared = [slot for slot in other.scope if slot in one.scope]
        if not shared:
            if len(one.codes) * len(other.codes) > MOST:
                return None
            return _Worlds(scope, (one.codes[:, None] + other.codes).ravel())
        own, key = (self._part(each.codes, shared) for each in (one, other))
        order = np.argsort(key, kind="stable")
        begin, end = (np.searchsorted(key[order], own, side) for side in ("left", "right"))
        counts = end - begin
        if counts.sum() > MOST:
            return None
        # the places of the partners of each world, one after the other
        places = (
            np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts) + np.repeat(begin, counts)
        )
        rest = (other.codes - key)[order]
        return _Worlds(scope, np.repeat(one.codes, counts) + rest[places])

    def any_of(self, children: Sequence[_Worlds | None]) -> _Worlds | None:
        """Those of a disjunction: a slot that a child does not mention is free in it."""
        known = [child for child in children if child is not None and len(child.codes)]
        if None in children:
            return None
        scope = tuple(sorted({slot for child in known for slot in child.scope}))
        wide = [self._spread(child, scope) for child in known]
        if any(each is None for each in wide):
            return None
        codes = np.unique(np.concatenate([each for each in wide if each is not None] or [_NONE]))
        return _Worlds(scope, codes) if len(codes) <= MOST else None

    def _spread(self, worlds: _Worlds, scope: Sequence[int]) -> Int[np.ndarray, " world"] | None:
        free = [slot for slot in scope if slot not in worlds.scope]
        if len(worlds.codes) * math.prod(self.sizes[slot] for slot in free) > MOST:
            return None
        every = [self.strides[slot] * np.arange(self.sizes[slot]) for slot in free]
        return reduce(lambda codes, steps: (codes[:, None] + steps).ravel(), every, worlds.codes)

    def _part(self, codes: Int[np.ndarray, " world"], slots: Sequence[int]) -> Int[np.ndarray, " world"]:
        return sum((self.values(codes, slot) * self.strides[slot] for slot in slots), np.zeros_like(codes))


_NONE = np.zeros(0, dtype=np.int64)
_TRUE, _FALSE = _Worlds((), np.zeros(1, dtype=np.int64)), _Worlds((), _NONE)


def worlds_of(
    graph: Graph, roots: Sequence[int], choices: Sequence[Choice], sizes: Sequence[int], watch: Watch
) -> dict[int, RowsConstraint]:
    """By root, the outputs of slots under which it holds; a root with more than `MOST` worlds is left out.

    `choices` say what each choice of the graph says of the slots, which have so many outputs (`sizes`).
    """
    if math.prod(sizes) >= 2**62:
        return {}
    slots, found = _Slots(sizes), {}
    for done, index in enumerate(graph.reachable(roots)):
        if done % 256 == 0:
            watch.check(done)
        match graph.nodes[index]:
            case Constant(value):
                found[index] = _TRUE if value else _FALSE
            case Literal(variable, values):
                found[index] = _leaf(slots, choices[variable].literal(values))
            case And(children):
                found[index] = reduce(slots.both, [found[child] for child in children], _TRUE)
            case Or(children):
                found[index] = slots.any_of([found[child] for child in children])
            case Not():
                raise AssertionError("a negated query is compiled, and compiling leaves no negation")
    return {root: _rows(slots, worlds) for root in roots if (worlds := found[root]) is not None}


def _leaf(slots: _Slots, node: Literal | And | Or) -> _Worlds:
    if isinstance(node, Literal):
        return slots.literal(node.variable, node.mask)
    return _TRUE if isinstance(node, And) else _FALSE


def _rows(slots: _Slots, worlds: _Worlds) -> RowsConstraint:
    columns = [slots.values(worlds.codes, slot) for slot in worlds.scope]
    rows = np.stack(columns, axis=1) if columns else np.zeros((len(worlds.codes), 0), dtype=np.int64)
    return RowsConstraint(worlds.scope, rows, tuple(slots.sizes[slot] for slot in worlds.scope))
