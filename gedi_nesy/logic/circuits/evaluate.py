"""Batched evaluation of a layered circuit on torch, in log space, forward and backward.

Forward keeps each branch's share of its disjunction, exp(product - maximum) over their sum, so that the
backward pass needs no further exponentials, and no gradient is ever 0/0. Both passes only gather and
reduce, never scatter, and give the same result on every run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from gedi_nesy.logic.circuits.layers import FALSE_ROW, LayeredCircuit

Bags = tuple[Tensor, Tensor]
"""Numbers of table rows, bag after bag, and where each bag begins; there is one beginning more than there
are bags.
"""


def log_floor(dtype: torch.dtype) -> float:
    """The smallest log-probability of anything: 16 times the logarithm of the smallest normal number."""
    return 16 * math.log(torch.finfo(dtype).tiny)


def floored_log(probability: Tensor) -> Tensor:
    """log p, and `log_floor` without a gradient where p is 0."""
    positive = probability > 0
    safe = torch.where(positive, probability, torch.ones_like(probability))
    floor = torch.full_like(probability, log_floor(probability.dtype))
    return torch.where(positive, torch.log(safe), floor)


@dataclass(frozen=True)
class _Indices:
    """A circuit's index tensors on one device: per layer what its products add up, and which products use
    its rows.
    """

    products: list[Bags]
    uses: list[Bags]
    leaf_uses: Bags
    roots: Tensor


class Evaluator:
    """Root log-probabilities from leaf log-probabilities; the leaves must not be +inf or NaN."""

    def __init__(self, circuit: LayeredCircuit):
        self.circuit = circuit
        self.proper = [root for root in circuit.roots if not isinstance(root, bool)]
        self._indices: dict[torch.device, _Indices] = {}

    def __call__(self, leaves: Float[Tensor, "leaf batch"]) -> Float[Tensor, "batch root"]:
        """Constant roots give 0 if true, and if false `log_floor`."""
        values: Any = _Evaluation.apply(leaves, self) if self.proper else leaves[:0]
        if len(self.proper) == len(self.circuit.roots):
            return values.T
        floor = leaves.new_full((leaves.shape[1],), log_floor(leaves.dtype))
        constants = {True: leaves.new_zeros(leaves.shape[1]), False: floor}
        rows = iter(values)
        return torch.stack(
            [constants[r] if isinstance(r, bool) else next(rows) for r in self.circuit.roots], dim=1
        )

    def indices(self, device: torch.device) -> _Indices:
        """The index tensors, sent to a device once."""
        if device not in self._indices:
            self._indices[device] = _indices(self.circuit, self.proper, device)
        return self._indices[device]


def _indices(circuit: LayeredCircuit, roots: Sequence[int], device: torch.device) -> _Indices:
    users, starts = _uses(circuit, roots)

    def uses(first: int, count: int) -> Bags:
        bounds = starts[first : first + count + 1]
        return send(users[bounds[0] : bounds[-1]]), send(bounds - bounds[0])

    def send(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)).to(device)

    return _Indices(
        products=[(send(layer.bags), send(layer.offsets)) for layer in circuit.layers],
        uses=[uses(layer.first_row, layer.rows) for layer in circuit.layers],
        leaf_uses=uses(1, len(circuit.leaves)),
        roots=send(np.array(roots)),
    )


def _uses(circuit: LayeredCircuit, roots: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """For every row, the products it is part of; being a root counts as a product numbered after all
    others.
    """
    rows = [layer.bags for layer in circuit.layers] + [np.array(roots, dtype=np.int64)]
    sizes = [np.diff(layer.offsets) for layer in circuit.layers] + [np.ones(len(roots), dtype=np.int64)]
    products = np.repeat(np.arange(circuit.products + len(roots)), np.concatenate(sizes))
    used = np.concatenate(rows)
    users = products[np.argsort(used, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(used, minlength=circuit.rows))])
    return users, starts


def _sum_bags(table: Tensor, bags: Bags) -> Tensor:
    """The sum of the table's rows in every bag."""
    return torch.embedding_bag(table, *bags, False, 0, False, None, True)[0]


class _Evaluation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, leaves: Tensor, evaluator: Evaluator) -> Tensor:
        circuit, indices = evaluator.circuit, evaluator.indices(leaves.device)
        table = leaves.new_empty(circuit.rows, leaves.shape[1])
        table[FALSE_ROW] = -torch.inf
        table[1 : 1 + len(leaves)] = leaves
        # Shares next to the smallest number would be subnormal, on which processors are many times slower.
        negligible = 0.92 * math.log(torch.finfo(leaves.dtype).tiny)
        shares: list[Tensor] = []
        for layer, bags in zip(circuit.layers, indices.products, strict=True):
            products = _sum_bags(table, bags)
            row, product = layer.first_row, 0
            for block in layer.blocks:
                part = products[product : product + block.count * block.length].view(
                    block.count, block.length, -1
                )
                maximum = part.amax(dim=1, keepdim=True)
                part = torch.threshold_(part.sub_(maximum), negligible, -torch.inf).exp_()
                total = part.sum(dim=1, keepdim=True)
                table[row : row + block.count] = (total.log() + maximum)[:, 0]
                shares.append(part.div_(total))
                row, product = row + block.count, product + block.count * block.length
            table[row : row + layer.plain] = products[product:]
        ctx.evaluator = evaluator
        ctx.shares = shares
        return table[indices.roots]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        circuit, indices = ctx.evaluator.circuit, ctx.evaluator.indices(gradient.device)
        products = gradient.new_empty(circuit.products + len(gradient), gradient.shape[1])
        products[circuit.products :] = gradient
        shares = list(ctx.shares)
        for layer, uses in zip(reversed(circuit.layers), reversed(indices.uses), strict=True):
            rows = _sum_bags(products, uses)
            row, product = layer.rows - layer.plain, layer.first_product + layer.products - layer.plain
            products[product : product + layer.plain] = rows[row:]
            for block in reversed(layer.blocks):
                row, product = row - block.count, product - block.count * block.length
                share = shares.pop()
                target = products[product : product + block.count * block.length].view(share.shape)
                torch.mul(share, rows[row : row + block.count, None], out=target)
        return _sum_bags(products, indices.leaf_uses), None
