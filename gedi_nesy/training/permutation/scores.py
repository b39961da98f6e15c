"""What queries and labels say of many permutations at once."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Int
from torch import Tensor

from gedi_nesy.data.queries import Blocks, Template
from gedi_nesy.training import batches
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.learner import Learner

Scores = Callable[..., Tensor]
"""From permutations (candidate, cluster), one argument a network, to a number for each candidate, or several."""


def query_log_probs(
    learner: Learner, query_log_prob: QueryLogProb, chosen: Int[Tensor, " query"], floor: float
) -> Scores:
    """log P of the chosen queries under candidates, (candidate, query), no less than `floor`."""
    data = learner.data
    queries = data.by_template(chosen)
    read = [_rows(learner, template, each) for template, each in zip(data.templates, queries, strict=True)]

    def score(*candidates: Tensor) -> Tensor:
        named = dict(zip(data.networks, candidates, strict=True))
        most = max(map(len, candidates))
        found = []
        for place, (rows, each) in enumerate(zip(read, queries, strict=True)):
            if len(each):
                blocks, num = _permuted(data.templates[place], rows, named, len(each))
                held = batches.log_prob(query_log_prob, learner.facts, data, place, blocks, each.repeat(num))
                found.append(held.clamp(min=floor).view(num, len(each)).expand(most, -1))
        return torch.cat(found, dim=1)

    return score


def label_log_prob(learner: Learner, floor: float) -> Scores:
    """The mean log-probability of the labels that some images have, of all networks in sum."""
    networks = learner.data.networks
    known = {
        name: network.model.log_probs(network.shown.inputs[network.shown.labelled])
        for name, network in learner.networks.items()
    }

    def score(*candidates: Tensor) -> Tensor:
        total = candidates[0].new_zeros(max(map(len, candidates)), dtype=torch.float32)
        for (name, shown), permutations in zip(networks.items(), candidates, strict=True):
            if len(shown.labels):
                right = known[name].gather(1, permutations[:, shown.labels].T)
                total = total + right.clamp(min=floor).mean(dim=0)
        return total

    return score


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
