"""A task as numbers: what each network is shown, and which of it stands in queries, template by template."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.types import AnyInputs, Inputs

Augment = Callable[[Generator, Inputs], Inputs]
"""From inputs x to their augmentations x', every draw from the generator."""

Blocks = Tensor | Sequence[Tensor]
"""Log-probabilities, a block (query, cluster) a reading: one tensor where a single network reads all of them."""

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

    def arranged(self, blocks: Mapping[str, Float[Tensor, "reading query cluster"]]) -> Blocks:
        """The blocks of all networks, in the order of the readings."""
        if len(blocks) == 1:
            return next(iter(blocks.values()))
        following = {network: iter(block) for network, block in blocks.items()}
        return [next(following[reading.network]) for reading in self.readings]


class Shown(NamedTuple):
    """What one network is shown: its pool of inputs, those of it that are in no query, and the symbols known of some.

    `augment` makes x' of x; None for random affine and elastic maps, as the settings of a step have them.
    """

    inputs: AnyInputs
    extra_indices: Int[Tensor, " image"]
    labelled: Int[Tensor, " labelled"]
    labels: Int[Tensor, " labelled"]
    augment: Augment | None = None


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

    def by_template(self, queries: Int[Tensor, " query"]) -> tuple[Int[Tensor, " _"], ...]:
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
