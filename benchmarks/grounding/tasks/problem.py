"""What a task of the benchmark is: a rule, how its queries are drawn, and the images that judge what was learned."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from gedi_nesy.data.dataset import Split
from gedi_nesy.tasks import Task

RULES = Path(__file__).parents[1] / "rules"
UNSEEN_SEED = 1_000_003
"""Added to the seed of the images that are drawn to judge."""


class Sources(NamedTuple):
    """Images of digits: those that queries are made of, and unseen ones."""

    train: Split
    unseen: Split


class Given(NamedTuple):
    """A task in which no label is left, and what judges it, network by network."""

    task: Task
    labels: Mapping[str, Tensor]
    """the clusters of the images of its pool"""
    unseen: Mapping[str, Split]
    """further images, with their clusters"""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One task of the benchmark; each has a file, or shares one with its like."""

    queries: int
    """that a run has by default"""
    make: Callable[[Sources, int, int], Given]
    """from images, the number of queries and the seed"""
    protocol: str
    """how its queries are drawn"""
    readings: int
    """one-to-one readings of the symbols that the rule leaves, of a network or of several, if all queries are asked"""


class Drawer:
    """Draws images of symbols, each evenly among all that there are of it, with one seed."""

    def __init__(self, labels: Tensor, seed: int):
        self.random = random.Random(seed)
        self.members = [
            torch.nonzero(labels == symbol)[:, 0].tolist() for symbol in range(int(labels.max()) + 1)
        ]

    def images(self, symbols: Sequence[Sequence[int]]) -> list[list[int]]:
        """An image of each symbol of each query."""
        return [[self.random.choice(self.members[symbol]) for symbol in row] for row in symbols]


def columns(images: Sequence[Sequence[int]], names: Sequence[str]) -> dict[str, list[int]]:
    """The images by the names that the query has for them."""
    return {name: [row[place] for row in images] for place, name in enumerate(names)}


def generator_of(seed: int) -> Generator:
    """For images that are drawn; those that judge are drawn with another seed than those of the task."""
    return Generator().manual_seed(seed)
