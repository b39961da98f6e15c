"""The permutation step: the permutations of the networks' clusters under which queries and labels are likeliest.

L_GEN, L_INV and a uniform L_PRIOR do not change when clusters are permuted; L_NESY does. So the best permutation is a
step of coordinate ascent on the whole objective, one that gradients cannot take: between two of them lies a valley.
Several networks are ascended one at a time, until none improves.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.queries import Blocks, Template
from gedi_nesy.training import batches, distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.learner import Learner
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
    chosen = torch.arange(data.num_queries, device=data.device)
    if len(chosen) > max_queries:
        chosen = batches.choose(learner.generator, len(chosen), max_queries)
    queries = data.by_template(chosen)
    read = [_rows(learner, template, each) for template, each in zip(data.templates, queries, strict=True)]
    known = {
        name: network.model.log_probs(network.shown.inputs[network.shown.labelled])
        for name, network in learner.networks.items()
    }

    def score(*candidates: Tensor) -> Tensor:
        named = dict(zip(data.networks, candidates, strict=True))
        total = None
        for place, (rows, each) in enumerate(zip(read, queries, strict=True)):
            if len(each):
                blocks, num = _permuted(data.templates[place], rows, named, len(each))
                held = batches.log_prob(query_log_prob, learner.facts, data, place, blocks, each.repeat(num))
                mean = held.clamp(min=floor).view(num, len(each)).mean(dim=1) * (len(each) / len(chosen))
                total = mean if total is None else total + mean
        assert total is not None
        for name, shown in data.networks.items():
            if len(shown.labels):
                right = known[name].gather(1, named[name][:, shown.labels].T)
                total = total + right.clamp(min=floor).mean(dim=0)
        return total

    clusters = [network.model.num_clusters for network in learner.networks.values()]
    found = _agreed(best_permutations(learner.generator, score, clusters, restarts, margin))
    if found.better:
        learner.permute(*found.permutations)
    return found


def _rows(learner: Learner, template: Template, queries: Int[Tensor, " query"]) -> dict[str, Tensor]:
    """Log-probabilities of what each network reads of these queries, each (reading, cluster, query).

    A cluster's values stand side by side: candidates are then made of whole rows, ten times as fast.
    """
    found = {}
    for name, network in learner.networks.items():
        readings = len(template.columns(name))
        if readings and len(queries):
            log_probs = network.model.log_probs(network.shown.inputs[template.read_by(name, queries)])
            guard.check_outputs(log_probs, learner.steps, learner.title(name))
            found[name] = log_probs.view(readings, len(queries), -1).transpose(1, 2).contiguous()
    return found


def _permuted(
    template: Template, rows: Mapping[str, Tensor], candidates: Mapping[str, Tensor], queries: int
) -> tuple[Blocks, int]:
    """The blocks that a query takes under each candidate, one after the other, and how many candidates it has.

    Candidates of networks that the template does not ask are all one to it.
    """
    num = max(len(candidates[name]) for name in rows)
    blocks = {}
    for name, each in rows.items():
        mine = candidates[name]
        permuted = each[:, mine.T.flatten()].view(len(each), -1, len(mine) * queries)
        if len(mine) < num:
            permuted = permuted.repeat(1, 1, num)
        blocks[name] = permuted.transpose(1, 2)
    return template.arranged(blocks), num


def _agreed(found: Found) -> Found:
    """What rank 0 found: all found the same, but for a last bit that decides where processors differ."""
    if distributed.size() == 1:
        return found
    joint = torch.cat(found.permutations)
    score, before, better, *entries = distributed.agreed_numbers(
        [found.score, found.before, float(found.better), *joint.tolist()]
    )
    parts = joint.new_tensor(entries).split([len(each) for each in found.permutations])
    return Found(parts, score, before, bool(better))
