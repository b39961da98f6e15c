"""The permutation step: the permutations of the networks' clusters under which queries and labels are likeliest.

L_GEN, L_INV and a uniform L_PRIOR do not change when clusters are permuted; L_NESY does. So the best permutation is a
step of coordinate ascent on the whole objective, one that gradients cannot take: between two of them lies a valley.
Several networks are ascended one at a time, until none improves.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gedi_nesy.training import batches, distributed
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.permutation.scores import Scores, label_log_prob, query_log_probs
from gedi_nesy.training.permutation.search import Found, best_permutations, neighbours

CANDIDATES_AT_ONCE = 16_384
"""Candidates times queries that are evaluated together: a circuit of 20,000 edges then takes a gigabyte."""

MOST_IMPROVEMENTS = 20
"""Swaps and moves, one after the other."""


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
    chosen = torch.arange(learner.data.num_queries, device=learner.data.device)
    if len(chosen) > max_queries:
        chosen = batches.choose(learner.generator, len(chosen), max_queries)
    log_probs = query_log_probs(learner, query_log_prob, chosen, floor)
    right = label_log_prob(learner, floor)

    def score(*candidates: Tensor) -> Tensor:
        return log_probs(*candidates).mean(dim=1) + right(*candidates)

    clusters = [network.model.num_clusters for network in learner.networks.values()]
    found = _agreed(best_permutations(learner.generator, score, clusters, restarts, margin))
    if found.better:
        learner.permute(*found.permutations)
    return found


@torch.no_grad()
def improve_permutation(
    learner: Learner,
    query_log_prob: QueryLogProb,
    max_queries: int = 1000,
    floor: float = -6.0,
    deviations: float = 1.5,
    evidence: float = 10.0,
) -> bool:
    """Swap and move a learner's clusters, one network's at a time, while many queries say so; whether any were.

    Two neighbouring symbols that are exchanged break few queries of some rules, of a < b a fiftieth, which a sample of
    128 need not show. Here all queries are asked (an even choice of more than `max_queries`), about the nearest
    permutations alone. One must be better by `evidence` nats in all, of which a query counts for no more than -`floor`,
    and by `deviations` standard errors. A worse one seldom gains that: what misread images give it, others take away.
    """
    data = learner.data
    num = min(data.num_queries, max_queries)
    if num < 2:
        return False
    chosen = torch.linspace(0, data.num_queries - 1, num, device=data.device).round().long()
    log_probs = query_log_probs(learner, query_log_prob, chosen, floor)
    right = label_log_prob(learner, floor)

    def score(*candidates: Tensor) -> Tensor:
        return log_probs(*candidates) + right(*candidates)[:, None]

    clusters = [network.model.num_clusters for network in learner.networks.values()]
    kept = tuple(torch.arange(number, device=data.device) for number in clusters)
    improved = False
    for _ in range(MOST_IMPROVEMENTS):
        found = _most_gained(score, kept, num, deviations, evidence)
        if found is None:
            break
        kept, improved = found, True
    if improved:
        learner.permute(*kept)
    return improved


def _most_gained(
    score: Scores, kept: Sequence[Tensor], num: int, deviations: float, evidence: float
) -> tuple[Tensor, ...] | None:
    """Next to those kept, the permutations of the largest gain that is significant; all ranks take rank 0's."""
    rows = [each[None] for each in kept]
    now, most, best = score(*rows), 0.0, rows
    for turn, permutation in enumerate(kept):
        for near in neighbours(permutation).split(max(1, CANDIDATES_AT_ONCE // num)):
            gain = score(*rows[:turn], near, *rows[turn + 1 :]) - now
            mean, error = gain.mean(dim=1), gain.std(dim=1) / num**0.5
            mean = mean.where((mean * num > evidence) & (mean > deviations * error), 0.0)
            top = int(mean.argmax())
            if mean[top].item() > most:
                most, best = mean[top].item(), [*rows[:turn], near[top : top + 1], *rows[turn + 1 :]]
    joint = torch.cat(best, dim=1)[0]
    most, *entries = distributed.agreed_numbers([most, *joint.float().tolist()])
    return None if most == 0.0 else joint.new_tensor(entries).split([len(each) for each in kept])


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
