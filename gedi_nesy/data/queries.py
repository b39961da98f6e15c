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


ADDITION_PAIRS = tuple((a, b) for a in range(10) for b in range(10 - a))
"""The 55 pairs of digits whose sum is a digit."""


def addition_triples(generator: Generator, labels: Labels, num: int) -> Int[Tensor, "query argument"]:
    """`num` triples of image indices (a, b, c) with a + b = c: the pair uniform over the 55, images over a class."""
    if num < 1:
        raise DataError(f"triples={num} must be at least 1")
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
