"""The permutation step: the permutation of the clusters under which queries and labels are likeliest.

L_GEN, L_INV and a uniform L_PRIOR do not change when clusters are permuted; L_NESY does. So the best permutation is a
step of coordinate ascent on the whole objective, one that gradients cannot take: between two of them lies a valley.
"""

from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.training import batches, distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.learner import Learner
from gedi_nesy.types import Permutation, Permutations

Score = Callable[[Permutations], Tensor]
"""The objective of each candidate: (candidate, cluster) to (candidate,)."""


class Found(NamedTuple):
    """The best permutation, its score, and that of the identity; `better` is so by the margin asked."""

    permutation: Permutation
    score: float
    before: float
    better: bool


def best_permutation(
    generator: Generator, score: Score, clusters: int, restarts: int = 16, margin: float = 1e-4
) -> Found:
    """Steepest ascent by swaps and moves, from the identity and from `restarts` random permutations."""
    identity = torch.arange(clusters, device=generator.device)
    before = score(identity[None])[0].item()
    best, best_score = _ascend(score, identity, before)
    for _ in range(restarts):
        start = torch.randperm(clusters, generator=generator, device=generator.device)
        found, found_score = _ascend(score, start, score(start[None])[0].item())
        if found_score > best_score:
            best, best_score = found, found_score
    return Found(best, best_score, before, best_score > before + margin)


def _ascend(score: Score, permutation: Permutation, value: float) -> tuple[Permutation, float]:
    while True:
        candidates = neighbours(permutation)
        scores = score(candidates)
        top = int(scores.argmax())
        if scores[top].item() <= value:
            return permutation, value
        permutation, value = candidates[top], scores[top].item()


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


@torch.no_grad()
def permute_clusters(
    learner: Learner,
    query_log_prob: QueryLogProb,
    max_queries: int = 128,
    floor: float = -6.0,
    restarts: int = 16,
    margin: float = 1e-4,
) -> Found:
    """Permute a learner's clusters so that queries and labels hold best; its optimizer follows.

    They stay unless log P is better by more than `margin`, in nats per query (by default, than rounding). log P of a
    query counts no less than `floor`, so that a few misread images do not decide.
    """
    data = learner.data
    chosen = torch.arange(len(data.query_indices), device=data.query_indices.device)
    if len(chosen) > max_queries:
        chosen = batches.choose(learner.generator, len(chosen), max_queries)
    queries, slots = len(chosen), data.query_indices.shape[1]
    log_probs = learner.model.log_probs(data.images[data.query_indices[chosen].T.flatten()])
    guard.check_outputs(log_probs, learner.steps, learner.name)
    # a cluster's values side by side: candidates are then made of whole rows, ten times as fast
    rows = log_probs.view(slots, queries, -1).transpose(1, 2).contiguous()
    known = learner.model.log_probs(data.images[data.labelled])

    def score(candidates: Permutations) -> Float[Tensor, " candidate"]:
        permuted = rows[:, candidates.T.flatten()].view(slots, -1, len(candidates) * queries)
        repeated = chosen.repeat(len(candidates))
        held = batches.log_prob(query_log_prob, learner.facts, data, permuted.transpose(1, 2), repeated)
        total = held.clamp(min=floor).view(len(candidates), queries).mean(dim=1)
        if len(known):
            right = known.gather(1, candidates[:, data.labels].T)
            total = total + right.clamp(min=floor).mean(dim=0)
        return total

    found = _agreed(best_permutation(learner.generator, score, learner.model.num_clusters, restarts, margin))
    if found.better:
        learner.permute(found.permutation)
    return found


def _agreed(found: Found) -> Found:
    """What rank 0 found: all found the same, but for a last bit that decides where processors differ."""
    if distributed.size() == 1:
        return found
    score, before, better, *permutation = distributed.agreed_numbers(
        [found.score, found.before, float(found.better), *found.permutation.tolist()]
    )
    return Found(found.permutation.new_tensor(permutation), score, before, bool(better))
