"""Linear arrangements of the atoms of a cycle whose frontier stays small."""

from collections.abc import Callable, Sequence

STARTS = 24
"""First atoms that are tried for an arrangement."""

WIDEST = 15
"""Atoms in a frontier from which on its states are too many: a plane one is connected in millions of ways."""


class TooManyStatesError(Exception):
    """The frontier is too wide, or is connected in too many ways."""


def arrange(
    groups: Sequence[set[int]], target: int, check: Callable[[], None] = lambda: None
) -> dict[int, int]:
    """A place for each atom such that few atoms are needed before and after a place at any time.

    Greedily, from several atoms as the first: next comes the atom that makes the frontier smallest.
    `check` is called now and then. TooManyStatesError where every frontier becomes too wide.
    """
    near: dict[int, set[int]] = {target: set()}
    for group in groups:
        for atom in group:
            near.setdefault(atom, set()).update(group - {atom})
    starts = sorted(near, key=lambda atom: (len(near[atom]), atom))[:STARTS]
    found = [placed for start in starts if (placed := _arranged(near, start, check)) is not None]
    if not found:
        raise TooManyStatesError
    _, best = min(found, key=lambda pair: pair[0])
    return {atom: place for place, atom in enumerate(best)}


def _arranged(
    near: dict[int, set[int]], start: int, check: Callable[[], None]
) -> tuple[int, list[int]] | None:
    """The arrangement from one atom, and the sum over places of two to the power of the frontier's size."""
    placed: list[int] = []
    done: set[int] = set()
    frontier: set[int] = set()
    waiting = dict.fromkeys(sorted(near))
    cost = 0
    chosen = start
    while True:
        placed.append(chosen)
        done.add(chosen)
        del waiting[chosen]
        frontier.add(chosen)
        frontier = {atom for atom in frontier if not near[atom] <= done}
        check()
        if len(frontier) > WIDEST:
            return None
        cost += 1 << len(frontier)
        if not waiting:
            return cost, placed
        around = {atom for known in frontier for atom in near[known]} - done or waiting.keys()
        age = {atom: place for place, atom in enumerate(placed)}

        def score(
            atom: int, frontier: set[int] = frontier, age: dict[int, int] = age
        ) -> tuple[int, int, int]:
            after = done | {atom}
            closed = sum(near[known] <= after for known in frontier) + (near[atom] <= after)
            oldest = min((age[known] for known in near[atom] & frontier), default=len(placed))
            return 1 - closed, oldest, atom

        chosen = min(around, key=score)
