"""Gradients that arrive at single probabilities, one at a time, collected for a single backward pass."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


class GradientAccumulator:
    """Probabilities handed out as separate leaves; whatever gradient they receive is kept for one later
    backward.
    """

    def __init__(
        self, probabilities: Tensor, parameters: Tensor, touched: Callable[["GradientAccumulator"], None]
    ):
        self.probabilities = probabilities
        self.parameters = parameters
        self.touched = touched
        self.gradient = torch.zeros_like(probabilities)
        self._has_gradient = False

    def rows(self, columns: Sequence[int | None]) -> list[Sequence[Tensor]]:
        """A leaf for every probability, or for the one in a row's column where that is given."""
        values = self.probabilities.detach()
        wanted = [range(values.shape[1]) if column is None else (column,) for column in columns]
        return [[self._leaf(values[row, c], row, c) for c in found] for row, found in enumerate(wanted)]

    def _leaf(self, value: Tensor, row: int, column: int) -> Tensor:
        leaf = value.clone().requires_grad_()

        def collect(gradient: Tensor) -> None:
            self.gradient[row, column] += gradient
            if not self._has_gradient:
                self._has_gradient = True
                self.touched(self)

        leaf.register_hook(collect)
        return leaf


def backward(
    pending: Sequence[GradientAccumulator], add_parameter_gradient: Callable[[int, Tensor], None]
) -> None:
    """One backward pass for all batches; gradients of t(...) go to DeepProbLog's optimizer, by number."""
    if not pending:
        return
    torch.autograd.backward([one.probabilities for one in pending], [one.gradient for one in pending])
    for parameters in {id(one.parameters): one.parameters for one in pending}.values():
        if parameters.grad is not None:
            for index, gradient in enumerate(parameters.grad):
                add_parameter_gradient(index, gradient)


def flush_before_step(optimizer: Any, owner: object, flush: Callable[[], None]) -> None:
    """Make an optimizer flush before it steps; asked at every batch, since users replace their optimizers."""
    if getattr(optimizer, "_flushes_for", None) is owner:
        return
    step = optimizer.step

    def flush_and_step() -> None:
        flush()
        step()

    optimizer.step, optimizer._flushes_for = flush_and_step, owner
