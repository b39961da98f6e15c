"""The terms of the averaged network over the training data: what restarts are compared by."""

import torch

from gedi_nesy.augmentation import warp as augment
from gedi_nesy.data.pixels import num_at_once, to_float
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective, Terms
from gedi_nesy.objectives.term import Seen
from gedi_nesy.training import batches, distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import Batch, QueryLogProb
from gedi_nesy.training.learner import Learner


@torch.no_grad()
def evaluate(
    learner: Learner, query_log_prob: QueryLogProb | None, objective: Objective, max_unlabelled: int = 4096
) -> Terms:
    """The comparable terms over all queries, and up to `max_unlabelled` of the other images.

    Subset and augmentation are drawn from a generator of their own, so every restart is judged on the same views.
    """
    data, config = learner.data, learner.config
    generator = torch.Generator(learner.generator.device).manual_seed(0)
    others = data.extra_indices
    if len(others) > max_unlabelled:
        shuffled = torch.randperm(len(others), generator=generator, device=generator.device)
        others = others[shuffled[:max_unlabelled]]
    index = torch.cat([data.query_indices.T.flatten(), data.labelled, others])
    plain, augmented = [], []
    for part in index.split(num_at_once(data.images)):
        images = to_float(data.images[part])
        plain.append(learner.average(images))
        augmented.append(learner.average(augment.warp(generator, images, config.warp)))
    compared = table.comparable(objective)
    if query_log_prob is None:
        compared = table.times(compared, "queries", 0.0)
    everything = (
        torch.arange(len(part), device=index.device) for part in (data.query_indices, data.labelled)
    )
    query = query_log_prob if table.needs(compared, "queries") else None
    known = batches.known(query, learner.facts, data, Batch(data.images, *everything))
    seen = Seen(plain=torch.cat(plain), augmented=torch.cat(augmented), **known._asdict())
    guard.check_outputs(seen.plain, learner.steps, f"average of {learner.name}")
    return _agreed(table.numbers(objective, table.losses(compared, seen).reported))


def _agreed(terms: Terms) -> Terms:
    """Those of rank 0; which terms there are is the same everywhere."""
    numbers = iter(distributed.agreed_numbers([term for term in terms.values() if term is not None]))
    return {name: None if term is None else next(numbers) for name, term in terms.items()}
