"""Gradients that arrive at single probabilities, one at a time, collected for a single backward pass."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Variable


class Waiting:
    """The rows of one batch that have no gradient yet; after the backward pass that reaches the last one, `flush`.

    A loop that looks at gradients without a step thus finds them there, and one that calls backward for every query
    causes a single backward pass all the same.
    """

    def __init__(self, flush: Callable[[], None]):
        self.rows: set[tuple[int, int]] = set()
        self.flush = flush

    def touched(self, row: tuple[int, int]) -> None:
        """A gradient has reached a row."""
        before = bool(self.rows)
        self.rows.discard(row)
        if before and not self.rows:
            # Other answers of the row may get theirs in the same pass.
            Variable._execution_engine.queue_callback(self.flush)  # pyright: ignore[reportAttributeAccessIssue]


class GradientAccumulator:
    """Probabilities handed out as separate leaves; whatever gradient they receive is kept for one later
    backward.
    """

    def __init__(
        self,
        probabilities: Tensor,
        parameters: Tensor,
        waiting: Waiting,
        touched: Callable[["GradientAccumulator"], None],
    ):
        self.probabilities = probabilities
        self.parameters = parameters
        self.waiting = waiting
        self.touched = touched
        self._received: list[tuple[int, Tensor]] = []

    def rows(self, columns: Sequence[int | None]) -> list[Sequence[Tensor]]:
        """A leaf for every probability, or for the one in a row's column where that is given."""
        width = self.probabilities.shape[1]
        values = self.probabilities.detach().clone().flatten().unbind()
        wanted = [range(width) if column is None else (column,) for column in columns]
        self.waiting.rows.update((id(self), row) for row, found in enumerate(wanted) if found)
        return [
            [self._leaf(values[row * width + column], row * width + column, row) for column in found]
            for row, found in enumerate(wanted)
        ]

    def take(self) -> Tensor:
        """What has arrived since the last time."""
        received, self._received = self._received, []
        places = torch.tensor([place for place, _ in received], device=self.probabilities.device)
        gradients = torch.stack([gradient for _, gradient in received])
        total = (
            torch.zeros_like(self.probabilities).flatten().index_put_((places,), gradients, accumulate=True)
        )
        return total.view_as(self.probabilities)

    def _leaf(self, leaf: Tensor, place: int, row: int) -> Tensor:
        leaf.requires_grad_()

        def collect(gradient: Tensor) -> None:
            if not self._received:
                self.touched(self)
            self._received.append((place, gradient.detach()))
            self.waiting.touched((id(self), row))

        leaf.register_hook(collect)
        return leaf


def backward(
    pending: Sequence[GradientAccumulator], add_parameter_gradient: Callable[[int, Tensor], None]
) -> None:
    """One backward pass for all batches; gradients of t(...) go to DeepProbLog's optimizer, by number."""
    if not pending:
        return
    # Gradients may come to the same probabilities once more.
    torch.autograd.backward(
        [one.probabilities for one in pending], [one.take() for one in pending], retain_graph=True
    )
    for parameters in {id(one.parameters): one.parameters for one in pending}.values():
        if parameters.grad is not None:
            for index, gradient in enumerate(parameters.grad):
                add_parameter_gradient(index, gradient)
            parameters.grad = None


def flush_before_step(optimizer: Any, owner: object, flush: Callable[[], None]) -> None:
    """Make an optimizer flush before it steps; asked at every batch, since users replace their optimizers."""
    if getattr(optimizer, "_flushes_for", None) is owner:
        return
    step = optimizer.step

    def flush_and_step() -> None:
        flush()
        step()

    optimizer.step, optimizer._flushes_for = flush_and_step, owner
