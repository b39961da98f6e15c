"""Queries over images: which images stand together in a symbolic constraint."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.dataset import DataError, Labels
from gedi_nesy.types import AnyImages


class QuerySet(NamedTuple):
    """All that a learner is given: images, which of them form a query, and which come alone.

    `tuples` holds indices into `images`, a row a query and a column an image variable; `unlabelled` holds indices of
    images that are in no query. `answers` holds the answer of each query, and is empty if queries have none; `labelled`
    holds indices of the images whose symbol is known, and `labels` these symbols: none, unless they are asked for.
    """

    images: AnyImages
    tuples: Int[Tensor, "query slot"]
    unlabelled: Int[Tensor, " image"]
    answers: Int[Tensor, " answered"] = torch.empty(0, dtype=torch.long)
    labelled: Int[Tensor, " labelled"] = torch.empty(0, dtype=torch.long)
    labels: Int[Tensor, " labelled"] = torch.empty(0, dtype=torch.long)

    @property
    def pool(self) -> Int[Tensor, " image"]:
        """Every image a learner may look at: those in queries, each once, and the unlabelled ones."""
        return torch.cat([self.tuples.unique(), self.unlabelled])


ADDITION_PAIRS = tuple((a, b) for a in range(10) for b in range(10 - a))
"""The 55 pairs of digits whose sum is a digit."""


def addition_triples(generator: Generator, labels: Labels, num: int) -> Int[Tensor, "query slot"]:
    """`num` triples of image indices (a, b, c) with a + b = c: the pair uniform over the 55, images over a class."""
    if num < 1:
        raise DataError(f"triples={num} must be at least 1")
    return draw_tuples(generator, labels, [(a, b, a + b) for a, b in ADDITION_PAIRS], num)


def draw_tuples(
    generator: Generator, labels: Labels, patterns: Sequence[tuple[int, ...]], num: int
) -> Int[Tensor, "query slot"]:
    """`num` tuples of image indices whose classes are one of the patterns, uniform over these, images over a class."""
    symbols = sorted({symbol for pattern in patterns for symbol in pattern})
    members = {symbol: torch.nonzero(labels == symbol)[:, 0] for symbol in symbols}
    missing = [symbol for symbol, images in members.items() if len(images) == 0]
    if missing:
        raise DataError(f"no images of {', '.join(map(str, missing))}, which the queries need")
    chosen = torch.tensor(patterns)[torch.randint(len(patterns), (num,), generator=generator)]
    uniform = torch.rand(chosen.shape, generator=generator)
    tuples = torch.empty_like(chosen)
    for symbol, images in members.items():
        here = chosen == symbol
        tuples[here] = images[(uniform[here] * len(images)).long()]
    return tuples


def with_unlabelled(
    generator: Generator, images: AnyImages, tuples: Int[Tensor, "query slot"], num: int | None
) -> QuerySet:
    """Add `num` images that are in no query, drawn without replacement (None: all of them)."""
    free = torch.ones(len(images), dtype=torch.bool)
    free[tuples.flatten()] = False
    rest = torch.nonzero(free)[:, 0]
    if num is not None:
        if not 0 <= num <= len(rest):
            raise DataError(f"unlabelled={num} must be between 0 and {len(rest)}, the images in no query")
        rest = rest[torch.randperm(len(rest), generator=generator)[:num]]
    return QuerySet(images, tuples, rest)
