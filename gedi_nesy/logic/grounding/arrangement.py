"""Linear arrangements of the atoms of a cycle whose frontier stays small."""

from collections.abc import Callable, Sequence

BEAM = 64
"""Beginnings of an arrangement that are kept at every place."""

WIDEST = 15
"""Atoms in a frontier from which on its states are too many: a plane one is connected in millions of ways."""

GROWTH = 5
"""How many times more states a frontier is taken to have with one atom more."""


class TooManyStatesError(Exception):
    """The frontier is too wide, or is connected in too many ways."""


def arrange(
    groups: Sequence[set[int]], target: int, check: Callable[[], None] = lambda: None
) -> dict[int, int]:
    """A place for each atom such that few atoms are needed before and after a place at any time.

    Beam search: of the beginnings of an arrangement those are kept whose frontiers have been smallest, one of
    those with the same atoms. `check` is called now and then. TooManyStatesError where every frontier becomes
    too wide.
    """
    near: dict[int, set[int]] = {target: set()}
    for group in groups:
        for atom in group:
            near.setdefault(atom, set()).update(group - {atom})
    number = {atom: place for place, atom in enumerate(sorted(near))}
    masks = [sum(1 << number[other] for other in near[atom]) for atom in number]
    beam: dict[int, _Beginning] = {0: (0, 0, ())}
    for _ in masks:
        longer: dict[int, _Beginning] = {}
        for done, beginning in beam.items():
            check()
            for atom in _candidates(masks, done, beginning[1]):
                extended = _with(masks, done, beginning, atom)
                known = longer.get(done | 1 << atom)
                if extended[1].bit_count() <= WIDEST and (known is None or extended < known):
                    longer[done | 1 << atom] = extended
        if not longer:
            raise TooManyStatesError
        kept = sorted(
            longer,
            key=lambda done: (longer[done][0] + GROWTH ** longer[done][1].bit_count(), longer[done][2]),
        )
        beam = {done: longer[done] for done in kept[:BEAM]}
    ((_, _, best),) = beam.values()
    atoms = list(number)
    return {atoms[atom]: place for place, atom in enumerate(best)}


_Beginning = tuple[int, int, tuple[int, ...]]
"""What its frontiers have cost, the last of them as a mask, and the atoms in their order."""


def _candidates(masks: Sequence[int], done: int, frontier: int) -> list[int]:
    """The atoms next to the frontier; all that are left where it is empty."""
    around = 0
    for atom in _atoms(frontier):
        around |= masks[atom]
    return _atoms(around & ~done or ~done & (1 << len(masks)) - 1)


def _with(masks: Sequence[int], done: int, beginning: _Beginning, atom: int) -> _Beginning:
    cost, frontier, order = beginning
    after = done | 1 << atom
    while_open = frontier | 1 << atom
    left = sum(1 << member for member in _atoms(while_open) if masks[member] & ~after)
    return cost + GROWTH ** while_open.bit_count(), left, (*order, atom)


def _atoms(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found
