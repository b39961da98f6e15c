"""The branches of a circuit: one product of every sum from a root downwards, down to leaves.

Sums are deterministic, so the branches of a root exclude one another, and each is what a proof is: values of
some variables. Variables that a branch does not mention are open in it.
"""

import bisect
import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.layers import FALSE_ROW


class Branch(NamedTuple):
    """A branch: its leaves, and their log-probabilities added up."""

    log_prob: float
    leaves: tuple[int, ...]


class _Sum(NamedTuple):
    """The products of one row: what each adds up to, and the rows below it."""

    log_probs: list[float]
    bags: list[list[int]]


def best_branch(evaluator: Evaluator, leaves: Float[Tensor, " leaf"], root: int) -> list[int]:
    """The leaves of a root's most probable branch."""
    choice: dict[int, list[int]] = {}
    for row, products in _sums(evaluator, leaves, maximum=True):
        choice[row] = products.bags[max(range(len(products.bags)), key=products.log_probs.__getitem__)]
    return _leaves(root, choice.get)


def sample_branches(
    evaluator: Evaluator,
    leaves: Float[Tensor, " leaf"],
    root: int,
    count: int,
    generator: torch.Generator,
) -> list[list[int]]:
    """The leaves of `count` branches of a root, each drawn with its share of the root's probability."""
    products = dict(_sums(evaluator, leaves, maximum=False))
    bounds: dict[int, list[float]] = {}

    def draw(row: int) -> list[int] | None:
        if row not in products:
            return None
        log_probs, bags = products[row]
        if len(bags) == 1:
            return bags[0]
        if row not in bounds:
            largest = max(log_probs)
            bounds[row] = list(itertools.accumulate(math.exp(log_p - largest) for log_p in log_probs))
        place = torch.rand((), generator=generator, dtype=torch.float64).item() * bounds[row][-1]
        return bags[min(bisect.bisect_right(bounds[row], place), len(bags) - 1)]

    return [_leaves(root, draw) for _ in range(count)]


def best_branches(evaluator: Evaluator, leaves: Float[Tensor, " leaf"], root: int, most: int) -> list[Branch]:
    """Up to `most` branches of a root, the most probable first."""
    found: dict[int, list[Branch]] = {FALSE_ROW: []}
    for leaf, log_p in enumerate(leaves.tolist()):
        found[1 + leaf] = [Branch(log_p, (leaf,))]
    for row, products in _sums(evaluator, leaves, maximum=False):
        ways = (branch for bag in products.bags for branch in _together([found[r] for r in bag], most))
        found[row] = heapq.nlargest(most, ways, key=lambda branch: branch.log_prob)
    return found[root]


def _together(parts: Sequence[Sequence[Branch]], most: int) -> list[Branch]:
    """The most probable ways to take a branch of each part."""
    found = [Branch(0.0, ())]
    for part in parts:
        pairs = (Branch(a.log_prob + b.log_prob, a.leaves + b.leaves) for a in found for b in part)
        found = heapq.nlargest(most, pairs, key=lambda branch: branch.log_prob)
    return found


def _leaves(root: int, choose) -> list[int]:
    """The leaves below a root, with one product of every row."""
    found, stack = [], [root]
    while stack:
        row = stack.pop()
        chosen = choose(row)
        if chosen is None:
            found.append(row - 1)
        else:
            stack.extend(chosen)
    return found


def _sums(evaluator: Evaluator, leaves: Float[Tensor, " leaf"], maximum: bool) -> Iterator[tuple[int, _Sum]]:
    """Every row above the leaves with its products, from below; a row weighs their maximum or their sum."""
    circuit = evaluator.circuit
    table = leaves.new_empty(circuit.rows)
    table[FALSE_ROW] = -torch.inf
    table[1 : 1 + len(leaves)] = leaves
    for layer, (bags, offsets) in zip(circuit.layers, evaluator.indices(leaves.device).products, strict=True):
        ends, members = offsets.tolist(), bags.tolist()
        products = torch.segment_reduce(table[bags], "sum", offsets=offsets)
        row, product = layer.first_row, 0
        for count, length in [*((block.count, block.length) for block in layer.blocks), (layer.plain, 1)]:
            part = products[product : product + count * length].view(count, length)
            if count:
                table[row : row + count] = part.amax(dim=1) if maximum else part.logsumexp(dim=1)
            for i, log_probs in enumerate(part.tolist()):
                first = product + i * length
                below = [members[ends[p] : ends[p + 1]] for p in range(first, first + length)]
                yield row + i, _Sum(log_probs, below)
            row, product = row + count, product + count * length
