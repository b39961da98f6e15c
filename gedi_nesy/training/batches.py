"""What a step looks at, and what is known of it: the queries in which images stand, and labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn
from torch.func import functional_call

from gedi_nesy.data.queries import Blocks, TaskData
from gedi_nesy.logic.circuits.evidence import ImpossibleEvidenceError, listed
from gedi_nesy.objectives.term import Constraint
from gedi_nesy.training.config import StepConfig

QueryLogProb = Callable[..., Float[Tensor, " query"]]
"""log P of each query from the log-probabilities of its images, one block a reading: the compiled program.

Where the queries have answers, it is called with them as a second argument; where there are several templates, with the
number of the template, `template`.
"""

Facts = Mapping[str, Tensor]
"""The t(...) of the program that are learned, by their names in the compiled query."""


class Batch(NamedTuple):
    """For each network which images it is shown: those of queries, template by template and reading by reading, then
    labelled ones, then others; for each template the queries, and for each network the labels.
    """

    indices: Mapping[str, Tensor]
    queries: tuple[Tensor, ...]
    labelled: Mapping[str, Tensor]


class Known(NamedTuple):
    """Log-probabilities of a batch's queries, as a function of those that each network gives for its images; and of the
    labels, network by network.
    """

    constraint: Constraint | None
    labelled: Mapping[str, Constraint]


def draw(
    generator: Generator,
    data: TaskData,
    train_indices: Mapping[str, Tensor],
    config: StepConfig,
) -> Batch:
    """Some queries of all templates; for each network all labelled images if they are no more, and some of all if there
    are more than those of queries.
    """
    total = data.num_queries
    queries = data.by_template(choose(generator, total, min(config.batch_size, (total + 1) // 2)))
    indices, known = {}, {}
    for name, shown in data.networks.items():
        labelled = torch.arange(len(shown.labelled), device=data.device)
        if len(labelled) > config.batch_size:
            labelled = choose(generator, len(labelled), config.batch_size)
        index = torch.cat([read_indices(data, name, queries), shown.labelled[labelled]])
        if len(shown.extra_indices):
            mine = train_indices[name]
            index = torch.cat([index, mine[choose(generator, len(mine), config.batch_unlabelled)]])
        indices[name], known[name] = index, labelled
    return Batch(indices, queries, known)


def choose(generator: Generator, size: int, num: int) -> Int[Tensor, " num"]:
    """`num` numbers below `size`."""
    # without queries there is nothing to choose from, and torch would refuse a range of size 0
    return torch.randint(max(size, 1), (num,), generator=generator, device=generator.device)


def read_indices(data: TaskData, network: str, queries: Sequence[Tensor]) -> Int[Tensor, " image"]:
    """Indices of what a network reads of these queries, template by template and reading by reading."""
    return torch.cat(
        [template.read_by(network, chosen) for template, chosen in zip(data.templates, queries, strict=True)]
    )


def num_read(data: TaskData, network: str, queries: Sequence[Tensor]) -> int:
    """How many images a network reads of these queries."""
    return sum(
        len(chosen) * len(template.columns(network))
        for template, chosen in zip(data.templates, queries, strict=True)
    )


def share_in_queries(data: TaskData, batch: Batch) -> float:
    """Of the batch's images, the share that stand in queries or have labels."""
    known = sum(
        num_read(data, name, batch.queries) + len(labelled) for name, labelled in batch.labelled.items()
    )
    return known / sum(len(index) for index in batch.indices.values())


def known(query_log_prob: QueryLogProb | None, facts: Facts, data: TaskData, batch: Batch) -> Known:
    """What the data say of a batch."""
    if query_log_prob is None:
        return Known(None, {})

    def constraint(*log_probs: Tensor) -> Float[Tensor, " query"]:
        blocks = _blocks(data, batch.queries, dict(zip(data.networks, log_probs, strict=True)))
        found = [
            log_prob(query_log_prob, facts, data, place, block, batch.queries[place])
            for place, block in blocks.items()
        ]
        return torch.cat(found) if len(found) > 1 else found[0]

    def labelled(name: str) -> Constraint:
        labels = data.networks[name].labels[batch.labelled[name]]
        start = num_read(data, name, batch.queries)
        return lambda log_probs: log_probs[start:][: len(labels)].gather(1, labels[:, None])[:, 0]

    return Known(constraint, {name: labelled(name) for name, each in batch.labelled.items() if len(each)})


def _blocks(data: TaskData, queries: Sequence[Tensor], log_probs: Mapping[str, Tensor]) -> dict[int, Blocks]:
    """By the number of its template, what is read of the queries of each template that has some among these."""
    found: dict[int, Blocks] = {}
    start = dict.fromkeys(log_probs, 0)
    for place, (template, chosen) in enumerate(zip(data.templates, queries, strict=True)):
        num, parts = len(chosen), {}
        for name in dict.fromkeys(reading.network for reading in template.readings):
            readings = len(template.columns(name))
            end = start[name] + readings * num
            if num:
                parts[name] = log_probs[name][start[name] : end].unflatten(0, (readings, num))
            start[name] = end
        if num:
            found[place] = template.arranged(parts)
    return found


def log_prob(
    query_log_prob: QueryLogProb,
    facts: Facts,
    data: TaskData,
    place: int,
    blocks: Blocks,
    queries: Int[Tensor, " query"],
) -> Float[Tensor, " query"]:
    """log P of these queries of the template at `place`, with the answers that they have, under these facts.

    ImpossibleEvidenceError names the queries by their places in the training set, and the images of the first.
    """
    answers = data.templates[place].answers
    arguments = (blocks, answers[queries]) if len(answers) else (blocks,)
    which = {"template": place} if len(data.templates) > 1 else {}
    try:
        if facts:
            assert isinstance(query_log_prob, nn.Module)
            return functional_call(query_log_prob, dict(facts), arguments, which)
        return query_log_prob(*arguments, **which)
    except ImpossibleEvidenceError as error:
        bad = queries[torch.tensor(error.rows, device=queries.device)].unique().tolist()
        images = ", ".join(map(str, data.templates[place].indices[bad[0]].tolist()))
        where = f" in training queries {listed(bad)} (query {bad[0]} is about images {images})"
        raise ImpossibleEvidenceError(error.evidence, bad, where) from None
