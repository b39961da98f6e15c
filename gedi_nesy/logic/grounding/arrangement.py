"""Linear arrangements of the atoms of a cycle whose frontier stays small."""

from collections.abc import Sequence

STARTS = 24
"""First atoms that are tried for an arrangement."""


def arrange(groups: Sequence[set[int]], target: int) -> dict[int, int]:
    """A place for each atom such that few atoms are needed before and after a place at any time.

    Greedily, from several atoms as the first: next comes the atom that makes the frontier smallest.
    """
    near: dict[int, set[int]] = {target: set()}
    for group in groups:
        for atom in group:
            near.setdefault(atom, set()).update(group - {atom})
    starts = sorted(near, key=lambda atom: (len(near[atom]), atom))[:STARTS]
    best = min((_arranged(near, start) for start in starts), key=lambda found: found[0])
    return {atom: place for place, atom in enumerate(best[1])}


def _arranged(near: dict[int, set[int]], start: int) -> tuple[float, list[int]]:
    """The arrangement from one atom, and the sum over places of two to the power of the frontier's size."""
    placed: list[int] = []
    done: set[int] = set()
    frontier: set[int] = set()
    waiting = dict.fromkeys(sorted(near))
    cost = 0.0
    chosen = start
    while True:
        placed.append(chosen)
        done.add(chosen)
        del waiting[chosen]
        frontier.add(chosen)
        frontier = {atom for atom in frontier if not near[atom] <= done}
        cost += 2.0 ** min(len(frontier), 60)
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
