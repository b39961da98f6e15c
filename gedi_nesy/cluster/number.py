"""How many clusters, where nobody knows: the largest number for which independent trainings agree. No label is seen."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.cluster.config import ClusterConfig, Clustered, assign

TOLERANCE = 0.02
"""By how much less than the best a number may agree and still be chosen, at the least."""

Train = Callable[[Tensor, ClusterConfig], Clustered]


class Candidate(NamedTuple):
    """A number of clusters, and how far trainings on different halves of the inputs agree about all of them."""

    num_clusters: int
    agreement: float
    """mean adjusted Rand index over the pairs of halves: 1 for the same partition, 0 for what chance would give"""
    error: float
    """standard error of that mean; 0 of a single pair"""


def agreements(
    inputs: Tensor,
    numbers: Sequence[int],
    train: Train,
    config: ClusterConfig,
    pairs: int,
    on_candidate: Callable[[Candidate], None] = lambda candidate: None,
) -> list[Candidate]:
    """For each number, train `pairs` times on both halves of a random split, and compare the two partitions.

    The splits are the same for all numbers. What is compared are the clusters of all inputs, half of which each of the
    two networks has never seen: splitting hairs agrees with nobody.
    """
    generator = Generator().manual_seed(config.seed)
    splits = [torch.randperm(len(inputs), generator=generator) for _ in range(pairs)]
    found = []
    for number in numbers:
        scores = []
        for index, order in enumerate(splits):
            halves = order[: len(order) // 2].sort().values, order[len(order) // 2 :].sort().values
            one, other = (
                _clusters(inputs, half, train, _config(config, number, 2 * index + place))
                for place, half in enumerate(halves)
            )
            scores.append(adjusted_rand_index(one, other))
        values = torch.tensor(scores, dtype=torch.float64)
        error = float(values.std() / math.sqrt(pairs)) if pairs > 1 else 0.0
        found.append(Candidate(number, float(values.mean()), error))
        on_candidate(found[-1])
    return found


def chosen(candidates: Sequence[Candidate]) -> Candidate:
    """The largest number that agrees as well as the best does, up to its standard error or, if more, `TOLERANCE`.

    Coarser partitions may be as stable as the finest that is: the finest says most.
    """
    best = max(candidates, key=lambda each: each.agreement)
    enough = best.agreement - max(best.error, TOLERANCE)
    return max((each for each in candidates if each.agreement >= enough), key=lambda each: each.num_clusters)


def adjusted_rand_index(one: Int[Tensor, " input"], other: Int[Tensor, " input"]) -> float:
    """Pairs of inputs that both partitions put together, corrected for chance (Hubert and Arabie, 1985).

    (sum C(n_ij) - e) / ((sum C(a_i) + sum C(b_j)) / 2 - e), with C(n) = n (n - 1) / 2 and
    e = sum C(a_i) sum C(b_j) / C(n); 1 where both put all inputs together, or all apart.
    """
    width = int(other.max()) + 1
    table = torch.bincount(one * width + other).double()
    together = _num_pairs(table)
    rows, columns = _num_pairs(torch.bincount(one).double()), _num_pairs(torch.bincount(other).double())
    expected = rows * columns / max(1.0, len(one) * (len(one) - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _num_pairs(counts: Tensor) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _config(config: ClusterConfig, number: int, place: int) -> ClusterConfig:
    """Every training has a seed of its own."""
    return ClusterConfig(
        num_clusters=number,
        steps=config.steps,
        restarts=config.restarts,
        seed=1000 * config.seed + place + 1,
    )


def _clusters(inputs: Tensor, half: Tensor, train: Train, config: ClusterConfig) -> Int[Tensor, " input"]:
    return assign(train(inputs[half], config).model, inputs).probabilities.argmax(dim=1)
