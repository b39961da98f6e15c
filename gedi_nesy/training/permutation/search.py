"""The best permutations by a score: steepest ascent by swaps and moves, from several starts."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from gedi_nesy.types import Permutation, Permutations

Score = Callable[..., Tensor]
"""The objective of each candidate, (candidate,), from permutations (candidate, cluster), one argument a network.

At most one network has several candidates; those of the others have one row.
"""


class Found(NamedTuple):
    """The best permutation of each network, their score, and that of the identities; `better` by the margin asked."""

    permutations: tuple[Tensor, ...]
    score: float
    before: float
    better: bool


def best_permutations(
    generator: Generator, score: Score, clusters: Sequence[int], restarts: int = 16, margin: float = 1e-4
) -> Found:
    """Steepest ascent by swaps and moves, from the identities and from `restarts` random permutations.

    `clusters` are the numbers of clusters, one a network.
    """
    identities = [torch.arange(number, device=generator.device) for number in clusters]
    before = score(*(identity[None] for identity in identities))[0].item()
    best, best_score = _ascend(score, identities, before)
    for _ in range(restarts):
        starts = [torch.randperm(number, generator=generator, device=generator.device) for number in clusters]
        found, found_score = _ascend(score, starts, score(*(start[None] for start in starts))[0].item())
        if found_score > best_score:
            best, best_score = found, found_score
    return Found(tuple(best), best_score, before, best_score > before + margin)


def _ascend(score: Score, permutations: Sequence[Tensor], value: float) -> tuple[list[Tensor], float]:
    """One network after the other, each to its own peak, until the last that moved is all that there is to move."""
    current, unmoved, turn = list(permutations), 0, 0
    while unmoved < len(current):
        before = value
        current, value = _ascend_one(score, current, turn, value)
        # a network at its peak stays there until another one moves
        unmoved = 1 if value > before else unmoved + 1
        turn = (turn + 1) % len(current)
    return current, value


def _ascend_one(
    score: Score, permutations: list[Tensor], turn: int, value: float
) -> tuple[list[Tensor], float]:
    while True:
        candidates = [permutation[None] for permutation in permutations]
        candidates[turn] = neighbours(permutations[turn])
        scores = score(*candidates)
        top = int(scores.argmax())
        if scores[top].item() <= value:
            return permutations, value
        value = scores[top].item()
        permutations = [
            *permutations[:turn],
            candidates[turn][top],
            *permutations[turn + 1 :],
        ]


def neighbours(permutation: Permutation) -> Permutations:
    """All swaps of two entries, and all moves of one entry to another place, which shift those between."""
    entries = permutation.tolist()
    found: set[tuple[int, ...]] = set()
    for i, j in combinations(range(len(entries)), 2):
        swapped = list(entries)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        found.add(tuple(swapped))
        for source, target in ((i, j), (j, i)):
            moved = list(entries)
            moved.insert(target, moved.pop(source))
            found.add(tuple(moved))
    return torch.tensor(sorted(found), device=permutation.device)
