"""Queries over images: which images stand together in a symbolic constraint."""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.images import DataError, Labels
from gedi_nesy.types import Images


class QuerySet(NamedTuple):
    """All that a learner is given: images, which of them form a query, and which come alone.

    `tuples` holds indices into `images`, a row a query and a column an image variable; `unlabelled` holds indices of
    images that are in no query. No labels.
    """

    images: Images
    tuples: Int[Tensor, "query slot"]
    unlabelled: Int[Tensor, " image"]

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
    members = [torch.nonzero(labels == digit)[:, 0] for digit in range(10)]
    missing = [digit for digit, images in enumerate(members) if len(images) == 0]
    if missing:
        raise DataError(f"no images of {', '.join(map(str, missing))}: triples need all ten digits")
    pairs = torch.tensor(ADDITION_PAIRS)[torch.randint(len(ADDITION_PAIRS), (num,), generator=generator)]
    digits = torch.cat([pairs, pairs.sum(dim=1, keepdim=True)], dim=1)
    uniform = torch.rand(digits.shape, generator=generator)
    triples = torch.empty_like(digits)
    for digit, images in enumerate(members):
        here = digits == digit
        triples[here] = images[(uniform[here] * len(images)).long()]
    return triples


def with_unlabelled(
    generator: Generator, images: Images, tuples: Int[Tensor, "query slot"], num: int | None
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
