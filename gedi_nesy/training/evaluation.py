"""The terms of the averaged networks over the training data: what restarts are compared by."""

from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.pixels import num_at_once
from gedi_nesy.data.queries import Shown
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective, Terms
from gedi_nesy.objectives.term import Seen
from gedi_nesy.training import batches, distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import Batch, QueryLogProb
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.network import NetworkLearner
from gedi_nesy.types import Logits


@torch.no_grad()
def evaluate(
    learner: Learner, query_log_prob: QueryLogProb | None, objective: Objective, max_unlabelled: int = 4096
) -> Terms:
    """The comparable terms over all queries, and up to `max_unlabelled` of the other images of each network.

    Subset and augmentation are drawn from a generator of their own, so every restart is judged on the same views.
    """
    data = learner.data
    generator = torch.Generator(learner.generator.device).manual_seed(0)
    queries = tuple(torch.arange(len(each.indices), device=data.device) for each in data.templates)
    logits = {}
    for name, network in learner.networks.items():
        others = _some(generator, network.shown, max_unlabelled)
        index = torch.cat([batches.read_indices(data, name, queries), network.shown.labelled, others])
        logits[name] = _views(generator, network, index)
        guard.check_outputs(logits[name][0], learner.steps, f"average of {learner.title(name)}")
    compared = table.comparable(objective)
    if query_log_prob is None:
        compared = table.times(compared, "queries", 0.0)
    query = query_log_prob if table.needs(compared, "queries") else None
    labelled = {
        name: torch.arange(len(shown.labelled), device=data.device) for name, shown in data.networks.items()
    }
    known = batches.known(query, learner.facts, data, Batch({}, queries, labelled))
    first, *others = (
        Seen(plain=plain, augmented=augmented, labelled=known.labelled.get(name))
        for name, (plain, augmented) in logits.items()
    )
    seen = replace(first, constraint=known.constraint, others=tuple(others))
    return _agreed(table.numbers(objective, table.losses(compared, seen).reported))


def _some(generator: Generator, shown: Shown, most: int) -> Int[Tensor, " image"]:
    """The images in no query, or as many of them."""
    others = shown.extra_indices
    if len(others) <= most:
        return others
    return others[torch.randperm(len(others), generator=generator, device=generator.device)[:most]]


def _views(
    generator: Generator, network: NetworkLearner, index: Int[Tensor, " image"]
) -> tuple[Logits, Logits]:
    """The averaged network's logits of these images, and of x' of each."""
    plain, augmented = [], []
    for part in index.split(num_at_once(network.shown.inputs)):
        images, other = network.views(generator, part)
        plain.append(network.average(images))
        augmented.append(network.average(other))
    return torch.cat(plain), torch.cat(augmented)


def _agreed(terms: Terms) -> Terms:
    """Those of rank 0; which terms there are is the same everywhere."""
    numbers = iter(distributed.agreed_numbers([term for term in terms.values() if term is not None]))
    return {name: None if term is None else next(numbers) for name, term in terms.items()}
