"""Batched evaluation of a schedule on torch, in log space, forward and backward.

Forward keeps exp(product - maximum) of every disjunction; dividing it by the sum gives each branch's share,
so that the backward pass needs no further exponentials, and no gradient is ever 0/0. Both passes only
gather and reduce, never scatter, and give the same result on every run.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gedi_nesy.logic.schedule import FALSE_ROW, Schedule


def log_floor(dtype: torch.dtype) -> float:
    """The smallest log-probability of anything: 16 times the logarithm of the smallest normal number."""
    return 16 * math.log(torch.finfo(dtype).tiny)


class Circuit(nn.Module):
    """Root log-probabilities from leaf log-probabilities; the leaves must not be +inf or NaN."""

    def __init__(self, plan: Schedule):
        super().__init__()
        self.plan = plan
        self.rows_of_roots = [root for root in plan.roots if not isinstance(root, bool)]
        for number, level in enumerate(plan.levels):
            self._store(f"bags_{number}", level.bags)
            self._store(f"offsets_{number}", level.offsets)
        users, starts = _uses(plan, self.rows_of_roots)
        self._store("users", users)
        self._store("starts", starts)

    def _store(self, name: str, array: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def forward(self, leaves: Float[Tensor, "leaf batch"]) -> Float[Tensor, "batch root"]:
        """Constant roots give 0 if true, and if false `log_floor`."""
        floor = leaves.new_full((leaves.shape[1],), log_floor(leaves.dtype))
        constants = {True: leaves.new_zeros(leaves.shape[1]), False: floor}
        values: Any = _Evaluation.apply(leaves, self) if self.rows_of_roots else leaves[:0]
        if len(self.rows_of_roots) == len(self.plan.roots):
            return values.T
        proper = iter(values)
        return torch.stack(
            [constants[r] if isinstance(r, bool) else next(proper) for r in self.plan.roots], dim=1
        )

    def bags(self, number: int) -> tuple[Tensor, Tensor]:
        """The flattened bags of a level's products, and where each begins."""
        return self.get_buffer(f"bags_{number}"), self.get_buffer(f"offsets_{number}")


def _uses(plan: Schedule, roots: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """For every row, the products it is part of; being a root counts as a product numbered after all
    others.
    """
    rows = [level.bags for level in plan.levels] + [np.array(roots, dtype=np.int64)]
    sizes = [np.diff(level.offsets) for level in plan.levels] + [np.ones(len(roots), dtype=np.int64)]
    products = np.repeat(np.arange(plan.products + len(roots)), np.concatenate(sizes))
    used = np.concatenate(rows)
    users = products[np.argsort(used, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(np.bincount(used, minlength=plan.rows))])
    return users, starts.astype(np.int64)


def _gather_sum(rows: Tensor, table: Tensor, offsets: Tensor) -> Tensor:
    """Sums of bags of table rows; `offsets` has one entry more than there are bags."""
    return torch.embedding_bag(table, rows, offsets, False, 0, False, None, True)[0]


class _Evaluation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, leaves: Tensor, circuit: Circuit) -> Tensor:
        plan = circuit.plan
        table = leaves.new_empty(plan.rows, leaves.shape[1])
        table[FALSE_ROW] = -torch.inf
        table[1 : 1 + len(leaves)] = leaves
        shares: list[Tensor] = []
        for number, level in enumerate(plan.levels):
            products = _gather_sum(*_with_table(circuit.bags(number), table))
            row, product = level.first_row, 0
            for run in level.runs:
                part = products[product : product + run.count * run.length].view(run.count, run.length, -1)
                maximum = part.amax(dim=1, keepdim=True)
                part = part.sub_(maximum).exp_()
                total = part.sum(dim=1, keepdim=True)
                table[row : row + run.count] = (total.log() + maximum)[:, 0]
                shares.append(part.div_(total))
                row, product = row + run.count, product + run.count * run.length
            table[row : row + level.plain] = products[product:]
        ctx.circuit = circuit
        ctx.shares = shares
        return table[circuit.rows_of_roots]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        circuit, plan = ctx.circuit, ctx.circuit.plan
        products = gradient.new_empty(plan.products + len(gradient), gradient.shape[1])
        products[plan.products :] = gradient
        shares = list(ctx.shares)
        for level in reversed(plan.levels):
            rows = _pull(circuit, products, level.first_row, level.rows)
            row, product = level.rows - level.plain, level.first_product + level.products - level.plain
            products[product : product + level.plain] = rows[row:]
            for run in reversed(level.runs):
                row, product = row - run.count, product - run.count * run.length
                share = shares.pop()
                target = products[product : product + run.count * run.length].view(share.shape)
                torch.mul(share, rows[row : row + run.count, None], out=target)
        return _pull(circuit, products, 1, len(plan.leaves)), None


def _with_table(bags: tuple[Tensor, Tensor], table: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return bags[0], table, bags[1]


def _pull(circuit: Circuit, products: Tensor, first: int, count: int) -> Tensor:
    """The gradients of some rows: the sum over all products that use them."""
    starts = circuit.get_buffer("starts")[first : first + count + 1]
    users = circuit.get_buffer("users")[starts[0] : starts[-1]]
    return _gather_sum(users, products, starts - starts[0])
