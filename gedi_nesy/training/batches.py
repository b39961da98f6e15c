"""Which images a step looks at, and what is known of them: the queries they stand in, and labels."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn
from torch.func import functional_call

from gedi_nesy.data.pixels import to_float
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.objectives.term import Constraint
from gedi_nesy.training.config import StepConfig
from gedi_nesy.types import LogProbs

QueryLogProb = Callable[..., Float[Tensor, " query"]]
"""log P of each query from the log-probabilities of its images, one block an image variable: the compiled program.

Where the queries have answers, it is called with them as a second argument.
"""

Facts = Mapping[str, Tensor]
"""The t(...) of the program that are learned, by their names in the compiled query."""


class Batch(NamedTuple):
    """Images of queries, variable by variable, then labelled ones, then others; and which queries and labels."""

    images: Tensor
    queries: Int[Tensor, " query"]
    labelled: Int[Tensor, " labelled"]


class Known(NamedTuple):
    """Log-probabilities of a batch's queries, and of its labels, as functions of those of its images."""

    constraint: Constraint | None
    labelled: Constraint | None


def draw(
    generator: Generator, data: QuerySet, train_indices: Int[Tensor, " image"], config: StepConfig
) -> Batch:
    """Some queries, all labelled images if they are no more, and some of all if there are more than queries."""
    query_indices, known = data.query_indices, data.labelled
    queries = choose(generator, len(query_indices), min(config.batch_size, (len(query_indices) + 1) // 2))
    labelled = torch.arange(len(known), device=query_indices.device)
    if len(known) > config.batch_size:
        labelled = choose(generator, len(known), config.batch_size)
    index = torch.cat([query_indices[queries].T.flatten(), known[labelled]])
    if len(data.extra_indices):
        index = torch.cat(
            [index, train_indices[choose(generator, len(train_indices), config.batch_unlabelled)]]
        )
    return Batch(to_float(data.images[index]), queries, labelled)


def choose(generator: Generator, size: int, num: int) -> Int[Tensor, " num"]:
    """`num` numbers below `size`."""
    # without queries there is nothing to choose from, and torch would refuse a range of size 0
    return torch.randint(max(size, 1), (num,), generator=generator, device=generator.device)


def share_in_queries(data: QuerySet, batch: Batch) -> float:
    """Of the batch's images, the share that stand in queries or have labels."""
    return (batch.queries.numel() * data.query_indices.shape[1] + len(batch.labelled)) / len(batch.images)


def known(query_log_prob: QueryLogProb | None, facts: Facts, data: QuerySet, batch: Batch) -> Known:
    """What the data say of a batch."""
    if query_log_prob is None:
        return Known(None, None)
    slots, queries = data.query_indices.shape[1], len(batch.queries)
    labels = data.labels[batch.labelled]

    def constraint(log_probs: LogProbs) -> Float[Tensor, " query"]:
        blocks = log_probs[: slots * queries].unflatten(0, (slots, queries))
        return log_prob(query_log_prob, facts, data, blocks, batch.queries)

    def labelled(log_probs: LogProbs) -> Float[Tensor, " labelled"]:
        return log_probs[slots * queries :][: len(labels)].gather(1, labels[:, None])[:, 0]

    return Known(constraint, labelled if len(labels) else None)


def log_prob(
    query_log_prob: QueryLogProb,
    facts: Facts,
    data: QuerySet,
    blocks: Float[Tensor, "slot query cluster"],
    queries: Int[Tensor, " query"],
) -> Float[Tensor, " query"]:
    """log P of these queries, with the answers that they have, under these facts."""
    arguments = (blocks, data.answers[queries]) if len(data.answers) else (blocks,)
    if facts:
        assert isinstance(query_log_prob, nn.Module)
        return functional_call(query_log_prob, dict(facts), arguments)
    return query_log_prob(*arguments)
