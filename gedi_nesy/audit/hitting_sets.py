"""Smallest sets that meet every one of a family of sets, whose members are found as they are needed.

What rules out all wrong maps has to rule out each: of the labels, or queries, that rule it out it needs one. There
are too many wrong maps to list; so the smallest choice that copes with those seen is tested, and a wrong map that it
leaves is one more to cope with (the implicit hitting set method of Moreno-Centeno and Karp, 2013).
"""

import time
from collections.abc import Callable, Iterator, Sequence

from gedi_nesy.logic.errors import TooLargeError

Missed = Callable[[frozenset[int]], frozenset[int] | None]
"""A set of the family that a choice does not meet; None if there is none."""


def smallest_hitting_sets(missed: Missed, most: int, deadline: float) -> list[frozenset[int]]:
    """All smallest choices that meet every set, so many at the most, in order; none if some set is empty.

    TooLargeError after the deadline, by `time.monotonic()`.
    """
    family: list[frozenset[int]] = []
    size = 0
    while True:
        found: list[frozenset[int]] = []
        tried: set[frozenset[int]] = set()
        while (choice := _another(family, size, tried, deadline)) is not None:
            tried.add(choice)
            unmet = missed(choice)
            if unmet is None:
                found.append(choice)
                if len(found) == most:
                    break
            elif not unmet:
                return []
            else:
                family.append(unmet)
        if found:
            return sorted(found, key=sorted)
        size += 1


def _another(
    family: Sequence[frozenset[int]], size: int, tried: set[frozenset[int]], deadline: float
) -> frozenset[int] | None:
    """A choice of at most this size that meets the family and was not tried."""
    choices = _choices(family, size, frozenset(), deadline)
    return next((choice for choice in choices if choice not in tried), None)


def _choices(
    family: Sequence[frozenset[int]], size: int, chosen: frozenset[int], deadline: float
) -> Iterator[frozenset[int]]:
    if time.monotonic() > deadline:
        raise TooLargeError("the choices are too many to go through")
    unmet = [each for each in family if chosen.isdisjoint(each)]
    if not unmet:
        yield chosen
        return
    if _disjoint(unmet) > size - len(chosen):
        return
    for member in sorted(min(unmet, key=len)):
        yield from _choices(unmet, size, chosen | {member}, deadline)


def _disjoint(family: Sequence[frozenset[int]]) -> int:
    """How many sets that have nothing in common were found: each needs a member of its own."""
    count, seen = 0, frozenset()
    for each in sorted(family, key=len):
        if seen.isdisjoint(each):
            count, seen = count + 1, seen | each
    return count
