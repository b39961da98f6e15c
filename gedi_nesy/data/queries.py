"""Queries over images: which images stand together in a symbolic constraint, as numbers."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.dataset import DataError, Labels
from gedi_nesy.sampling.sgld import SGLDConfig
from gedi_nesy.types import AnyImages, AnyInputs, Inputs

Answer = TypeVar("Answer")


class QuerySet(NamedTuple):
    """All that a learner is given: images, which of them form a query, and which come alone.

    `query_indices` are those of `images`, a row a query and a column an image argument; `extra_indices` are those of
    images in no query. `answers` holds the answer of each query, and is empty if queries have none; `labelled` holds
    indices of the images whose symbol is known, and `labels` these symbols: none, unless they are asked for.
    """

    images: AnyImages
    query_indices: Int[Tensor, "query argument"]
    extra_indices: Int[Tensor, " image"]
    answers: Int[Tensor, " answered"] = torch.empty(0, dtype=torch.long)
    labelled: Int[Tensor, " labelled"] = torch.empty(0, dtype=torch.long)
    labels: Int[Tensor, " labelled"] = torch.empty(0, dtype=torch.long)

    @property
    def train_indices(self) -> Int[Tensor, " image"]:
        """Every image a learner may look at: those in queries, each once, and the extra ones."""
        return torch.cat([self.query_indices.unique(), self.extra_indices])


Augment = Callable[[Generator, Inputs], Inputs]
"""From inputs x to their augmentations x', every draw from the generator."""

Blocks = Tensor | Sequence[Tensor]
"""Log-probabilities, a block (query, cluster) a reading: one tensor where a single network reads all of them."""

MOST_TRIPLES = 10_000_000

ONLY = "network"
"""What the network of a `QuerySet` is called."""


class Reading(NamedTuple):
    """One network reads one argument of the queries."""

    network: str
    argument: int


class Template(NamedTuple):
    """Queries of one template: indices of their inputs, a row a query, in the pools that the arguments are read from.

    `answers` holds what each query's answer is, and is empty if they have none. An argument that two networks read has
    two readings, one that no network reads has none.
    """

    indices: Int[Tensor, "query argument"]
    answers: Int[Tensor, " answered"]
    readings: tuple[Reading, ...]

    def columns(self, network: str) -> list[int]:
        """The arguments that a network reads, reading by reading."""
        return [reading.argument for reading in self.readings if reading.network == network]

    def read_by(self, network: str, queries: Int[Tensor, " query"]) -> Int[Tensor, " shown"]:
        """Indices of what a network reads of these queries, reading after reading."""
        return self.indices[queries][:, self.columns(network)].T.flatten()

    def arranged(self, blocks: Mapping[str, Tensor]) -> Blocks:
        """The blocks of all networks, each (reading, query, cluster), in the order of the readings."""
        if len(blocks) == 1:
            return next(iter(blocks.values()))
        following = {network: iter(block) for network, block in blocks.items()}
        return [next(following[reading.network]) for reading in self.readings]


class Shown(NamedTuple):
    """What one network is shown: its pool of inputs, those of it that are in no query, and the symbols known of some.

    `augment` makes x' of x; None for random affine and elastic maps, as the settings of a step have them. `sgld` moves
    the network's chains; None: as the settings of a step say. With `neighbours`, the numbers of the inputs that are
    near to each, x' is one of them instead, augmented where there is an `augment`. With `augment_both` x is augmented
    like x'.
    """

    inputs: AnyInputs
    extra_indices: Int[Tensor, " image"]
    labelled: Int[Tensor, " labelled"]
    labels: Int[Tensor, " labelled"]
    augment: Augment | None = None
    sgld: SGLDConfig | None = None
    neighbours: Int[Tensor, "input neighbour"] | None = None
    augment_both: bool = False


class TaskData(NamedTuple):
    """All that a learner is given: what each network is shown, and the queries of each template."""

    networks: Mapping[str, Shown]
    templates: tuple[Template, ...]

    @property
    def num_queries(self) -> int:
        """Of all templates."""
        return sum(len(template.indices) for template in self.templates)

    @property
    def device(self) -> torch.device:
        """Where the indices are, and with them everything else."""
        return self.templates[0].indices.device

    def train_indices(self, network: str) -> Int[Tensor, " image"]:
        """All that a network may be shown: what it reads in queries, each once, and what is in none."""
        read = [template.indices[:, template.columns(network)].flatten() for template in self.templates]
        return torch.cat([torch.cat(read).unique(), self.networks[network].extra_indices])

    def by_template(self, queries: Int[Tensor, " query"]) -> tuple[Tensor, ...]:
        """Numbers of queries, those of all templates counted on, as numbers within each template."""
        if len(self.templates) == 1:
            return (queries,)
        found, start = [], 0
        for template in self.templates:
            end = start + len(template.indices)
            found.append(queries[(queries >= start) & (queries < end)] - start)
            start = end
        return tuple(found)


def as_task(data: QuerySet | TaskData) -> TaskData:
    """A `QuerySet` is the task of one network, which reads every argument, and one template."""
    if isinstance(data, TaskData):
        return data
    shown = Shown(data.images, data.extra_indices, data.labelled, data.labels)
    readings = tuple(Reading(ONLY, argument) for argument in range(data.query_indices.shape[1]))
    return TaskData({ONLY: shown}, (Template(data.query_indices, data.answers, readings),))


ADDITION_PAIRS = tuple((a, b) for a in range(10) for b in range(10 - a))
"""The 55 pairs of digits whose sum is a digit."""


def addition_triples(generator: Generator, labels: Labels, num: int) -> Int[Tensor, "query argument"]:
    """`num` triples of image indices (a, b, c) with a + b = c: the pair uniform over the 55, images over a class."""
    if num < 1:
        raise DataError(f"triples={num} must be at least 1")
    if num > MOST_TRIPLES:
        raise DataError(f"triples={num} must be at most {MOST_TRIPLES:,}, which fill a gigabyte")
    return draw_queries(generator, labels, [(a, b, a + b) for a, b in ADDITION_PAIRS], num)


def draw_queries(
    generator: Generator, labels: Labels, patterns: Sequence[tuple[int, ...]], num: int
) -> Int[Tensor, "query argument"]:
    """`num` queries, as indices of images whose classes are a pattern, uniform over these, images over a class."""
    symbols = sorted({symbol for pattern in patterns for symbol in pattern})
    members = {symbol: torch.nonzero(labels == symbol)[:, 0] for symbol in symbols}
    missing = [symbol for symbol, images in members.items() if len(images) == 0]
    if missing:
        raise DataError(f"no images of {', '.join(map(str, missing))}, which the queries need")
    chosen = torch.tensor(patterns)[torch.randint(len(patterns), (num,), generator=generator)]
    uniform = torch.rand(chosen.shape, generator=generator)
    query_indices = torch.empty_like(chosen)
    for symbol, images in members.items():
        here = chosen == symbol
        query_indices[here] = images[(uniform[here] * len(images)).long()]
    return query_indices


def with_wrong_answers(
    draw: random.Random, answers: Sequence[Answer], others: Sequence[Answer], share: float
) -> list[Answer]:
    """Each is wrong with this probability, and then any of the `others` that it is not; right if there is none."""
    found = []
    for answer in answers:
        is_wrong = draw.random() < share
        wrong = [other for other in others if is_wrong and other != answer]
        found.append(draw.choice(wrong) if wrong else answer)
    return found


def with_extra_images(
    generator: Generator, images: AnyImages, query_indices: Int[Tensor, "query argument"], num: int | None
) -> QuerySet:
    """Add `num` images that are in no query, drawn without replacement (None: all of them)."""
    free = torch.ones(len(images), dtype=torch.bool)
    free[query_indices.flatten()] = False
    rest = torch.nonzero(free)[:, 0]
    if num is not None:
        if not 0 <= num <= len(rest):
            raise DataError(
                f"num={num} extra images must be between 0 and {len(rest)}, the images in no query"
            )
        rest = rest[torch.randperm(len(rest), generator=generator)[:num]]
    return QuerySet(images, query_indices, rest)
