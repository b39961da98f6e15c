"""What a run is given beyond its task: how many queries, how many of them wrong, a rare symbol, further images."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmarks.grounding.config import GroundingConfig, TaskName
from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.grounding.tasks.problem import Given, Sources
from gedi_nesy.data.queries import with_wrong_answers
from gedi_nesy.errors import ConfigError
from gedi_nesy.tasks import NetworkSpec, Queries
from gedi_nesy.tasks.programs import domains

DRAWN_AT_MOST = 100
"""Times as many queries as are asked for: so many are drawn to find those with a rare symbol."""


class Rare(NamedTuple):
    """The cluster of a network that is shown less often than the others."""

    network: str
    symbol: int


class Drawn(NamedTuple):
    """A task, and what nobody but the benchmark knows of its queries."""

    given: Given
    wrong: tuple[Bool[Tensor, " query"], ...]
    """template by template, the queries whose answers are not true"""
    rare: Rare | None


def drawn(config: GroundingConfig, name: TaskName, sources: Sources, seed: int) -> Drawn:
    """A task by the settings; ConfigError where they do not fit it."""
    num, make, draw = config.num_queries(name), PROBLEMS[name].make, random.Random(f"{name} {seed}")
    rare = None
    if config.rare > 1:
        given = make(sources, num, seed)
        network = next(iter(given.labels))
        rare = Rare(network, draw.randrange(domains(given.task.queries)[network].size))
        given = _with_rare(config, name, sources, seed, rare, draw)
    else:
        given = make(sources, num, seed)
    right = given.task.queries
    queries = [_with_wrong(each, config.wrong, name, draw) for each in right] if config.wrong else right
    wrong = tuple(_differ(one, other) for one, other in zip(right, queries, strict=True))
    networks = {
        network: _shown(config, given, network, rare, draw)
        for network in {**dict.fromkeys(given.labels), **given.task.networks}
    }
    return Drawn(given._replace(task=replace(given.task, queries=queries, networks=networks)), wrong, rare)


def _with_rare(
    config: GroundingConfig, name: TaskName, sources: Sources, seed: int, rare: Rare, draw: random.Random
) -> Given:
    """A query with k images of the symbol is kept with probability factor^-k: more are drawn until there are enough."""
    num = config.num_queries(name)
    for times in (2, 4, 10, DRAWN_AT_MOST):
        given = PROBLEMS[name].make(sources, times * num, seed)
        counts = [_shows(given, each, rare) for each in given.task.queries]
        if len({int(count) for each in counts for count in each}) == 1:
            raise ConfigError(
                f"--rare {config.rare:g}: every query of '{name}' shows each symbol equally often"
            )
        kept = [
            (place, row)
            for place, each in enumerate(counts)
            for row, count in enumerate(each.tolist())
            if draw.random() < config.rare**-count
        ]
        if len(kept) >= num:
            chosen = sorted(draw.sample(kept, num))
            rows = [[row for own, row in chosen if own == place] for place in range(len(counts))]
            pairs = zip(given.task.queries, rows, strict=True)
            queries = [_some(each, own) for each, own in pairs if own]
            return given._replace(task=replace(given.task, queries=queries))
    raise ConfigError(f"--rare {config.rare:g}: nearly every query of '{name}' shows the symbol")


def _shows(given: Given, queries: Queries, rare: Rare) -> Int[Tensor, " query"]:
    """How many images of the symbol stand in each query."""
    labels = given.labels[rare.network]
    shown = torch.stack([labels[torch.as_tensor(column)] for column in queries.images.values()])
    return (shown == rare.symbol).sum(dim=0)


def _some(queries: Queries, rows: Sequence[int]) -> Queries:
    images = {name: [int(column[row]) for row in rows] for name, column in queries.images.items()}
    answer = queries.answer and (queries.answer[0], [queries.answer[1][row] for row in rows])
    return replace(queries, images=images, answer=answer)


def _with_wrong(queries: Queries, share: float, name: TaskName, draw: random.Random) -> Queries:
    """Wrong answers are any others that the template's queries have."""
    if queries.answer is None:
        raise ConfigError(
            f"--wrong {share:g}: of queries of '{name}' it is known that they hold, and no answer"
        )
    variable, answers = queries.answer
    given = list(answers)
    return replace(queries, answer=(variable, with_wrong_answers(draw, given, sorted(set(given)), share)))


def _differ(one: Queries, other: Queries) -> Bool[Tensor, " query"]:
    if one.answer is None or other.answer is None:
        return torch.zeros(len(next(iter(one.images.values()))), dtype=torch.bool)
    return torch.tensor([a != b for a, b in zip(one.answer[1], other.answer[1], strict=True)])


def _shown(
    config: GroundingConfig, given: Given, network: str, rare: Rare | None, draw: random.Random
) -> NetworkSpec:
    """What a network is shown beside the images of queries; of a rare symbol as many less."""
    spec = given.task.networks.get(network, NetworkSpec())
    if config.extra_images == "none":
        return replace(spec, extra=[])
    if rare is None:
        return spec
    in_queries = {int(i) for each in given.task.queries for column in each.images.values() for i in column}
    labels = given.labels[rare.network].tolist()
    extra = [
        index
        for index, label in enumerate(labels)
        if index not in in_queries and (label != rare.symbol or draw.random() < 1 / config.rare)
    ]
    return replace(spec, extra=extra)
