"""The naming step: the permutation of the clusters under which the logic is happiest.

L_GEN, L_INV and a uniform L_PRIOR do not change when clusters are renamed; L_NESY does. So the best renaming is a step
of coordinate ascent on the whole objective, one that gradients cannot take: between two namings lies a valley.
"""

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from gedi_nesy.types import Permutation, Permutations

Score = Callable[[Permutations], Tensor]
"""The objective of each candidate: (candidate, cluster) to (candidate,)."""


class Naming(NamedTuple):
    """The best permutation found, its score, and that of the names as they are; `better` is so by the margin asked."""

    permutation: Permutation
    score: float
    before: float
    better: bool


def best_naming(
    generator: Generator, score: Score, clusters: int, restarts: int = 16, margin: float = 1e-4
) -> Naming:
    """Steepest ascent by swaps and moves, from the names as they are and from `restarts` random ones."""
    identity = torch.arange(clusters, device=generator.device)
    before = score(identity[None])[0].item()
    best, best_score = _ascend(score, identity, before)
    for _ in range(restarts):
        start = torch.randperm(clusters, generator=generator, device=generator.device)
        found, found_score = _ascend(score, start, score(start[None])[0].item())
        if found_score > best_score:
            best, best_score = found, found_score
    return Naming(best, best_score, before, best_score > before + margin)


def _ascend(score: Score, permutation: Permutation, value: float) -> tuple[Permutation, float]:
    while True:
        candidates = neighbours(permutation)
        scores = score(candidates)
        top = int(scores.argmax())
        if scores[top].item() <= value:
            return permutation, value
        permutation, value = candidates[top], scores[top].item()


def neighbours(permutation: Permutation) -> Permutations:
    """All swaps of two names, and all moves of one name to another place, which shift those between."""
    names = permutation.tolist()
    found: set[tuple[int, ...]] = set()
    for i, j in combinations(range(len(names)), 2):
        swapped = list(names)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        found.add(tuple(swapped))
        for source, target in ((i, j), (j, i)):
            moved = list(names)
            moved.insert(target, moved.pop(source))
            found.add(tuple(moved))
    return torch.tensor(sorted(found), device=permutation.device)
