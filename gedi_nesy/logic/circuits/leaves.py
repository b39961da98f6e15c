"""Log-probabilities of a circuit's leaves, from network outputs, learnable facts and numbers in the
program.

Floor: a probability of 0, be it a network's, a fact's or 1 - p, counts as the smallest normal number of the
dtype, so that its logarithm (-87.3 in float32, -708.4 in float64) and the gradient are finite.
Log-probabilities that a network gives itself are used as they are down to 16 times that logarithm, and are
no smaller than it.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.logic.circuits.evaluate import log_floor
from gedi_nesy.logic.circuits.layers import Leaf
from gedi_nesy.logic.grounding.graph import ConstantWeight, LearnableWeight, NeuralWeight, Variable, Weight

LogProb = Float[Tensor, "*batch"]


class LeafWeights:
    """What each leaf of one circuit weighs; `used` lists every leaf, in the circuit's order.

    Network outputs, by far the most leaves, are gathered together; every other kind of leaf is a row of its
    own.
    """

    def __init__(self, variables: Sequence[Variable], used: Sequence[Leaf]):
        self.neural: list[tuple[int, NeuralWeight]] = []
        self.single: list[tuple[int, Weight]] = []
        self.rest: list[tuple[int, tuple[Weight, ...]]] = []
        for row, (variable, value) in enumerate(used):
            weights = variables[variable].weights
            if value == len(weights):
                self.rest.append((row, weights))
            elif isinstance(weight := weights[value], NeuralWeight):
                self.neural.append((row, weight))
            else:
                self.single.append((row, weight))
        order = [row for row, _ in (*self.neural, *self.single, *self.rest)]
        self.place = sorted(range(len(order)), key=order.__getitem__)
        self._gather: dict[tuple, Tensor] = {}

    def __call__(
        self,
        slots: Sequence[Float[Tensor, "batch _"]],
        learnable: Float[Tensor, "parameter two"],
        batch: int,
        like: Tensor,
    ) -> Float[Tensor, "leaf batch"]:
        """`learnable` holds log t and log(1 - t) of each learnable fact; `like` gives dtype and device."""
        rows = [_log_probability(weight, slots, learnable, like) for _, weight in self.single]
        rows += [_log_rest(weights, slots, learnable, like) for _, weights in self.rest]
        parts = [slot.T for slot in slots] + [row.expand(1, batch) for row in rows]
        if not parts:
            return like.new_zeros(0, batch)
        index = self._index(tuple(slot.shape[1] for slot in slots), like.device)
        return torch.cat(parts).index_select(0, index).clamp(min=log_floor(like.dtype))

    def _index(self, widths: tuple[int, ...], device: torch.device) -> Tensor:
        """Where each leaf lies below all outputs of all slots, one after the other, and the single rows."""
        if (widths, device) not in self._gather:
            offsets = [sum(widths[:slot]) for slot in range(len(widths) + 1)]
            sources = [offsets[weight.slot] + weight.output for _, weight in self.neural]
            sources += range(offsets[-1], offsets[-1] + len(self.single) + len(self.rest))
            self._gather[widths, device] = torch.tensor(
                [sources[i] for i in self.place], dtype=torch.long, device=device
            )
        return self._gather[widths, device]


def _log_probability(weight: Weight, slots: Sequence[Tensor], learnable: Tensor, like: Tensor) -> LogProb:
    if isinstance(weight, NeuralWeight):
        return slots[weight.slot][:, weight.output]
    if isinstance(weight, LearnableWeight):
        return learnable[weight.index, 0]
    return like.new_tensor(_log(weight.probability))


def _log_rest(
    weights: tuple[Weight, ...], slots: Sequence[Tensor], learnable: Tensor, like: Tensor
) -> LogProb:
    """log(1 - sum of the weights): the probability that none of a disjunction's heads is chosen."""
    if all(isinstance(weight, ConstantWeight) for weight in weights):
        return like.new_tensor(
            _log(1 - math.fsum(w.probability for w in weights if isinstance(w, ConstantWeight)))
        )
    first = weights[0]
    if len(weights) == 1 and isinstance(first, LearnableWeight):
        return learnable[first.index, 1]
    chosen = [weight.output for weight in weights if isinstance(weight, NeuralWeight)]
    slot = {weight.slot for weight in weights if isinstance(weight, NeuralWeight)}
    if len(chosen) == len(weights) and len(slot) == 1:
        return _log_unchosen(slots[slot.pop()], chosen)
    total = sum(
        (_log_probability(weight, slots, learnable, like).exp() for weight in weights), like.new_zeros(())
    )
    return _safe_log(_without_rounding(1 - total, len(weights)))


def _log_unchosen(outputs: Float[Tensor, "batch output"], chosen: list[int]) -> Float[Tensor, " batch"]:
    """1 - sum over the chosen outputs, as the sum of the others plus what is missing to 1: exact where 1 -
    p is not.
    """
    if outputs.shape[1] == 1:
        return torch.log(-torch.expm1(outputs[:, 0]) + torch.finfo(outputs.dtype).tiny)
    probabilities = outputs.exp()
    others = [output for output in range(outputs.shape[1]) if output not in set(chosen)]
    missing = _without_rounding(1 - probabilities.sum(dim=1), outputs.shape[1])
    return _safe_log(probabilities[:, others].sum(dim=1) + missing)


def _without_rounding(missing: LogProb, terms: int) -> LogProb:
    """What is missing to 1, as 0 if it is within rounding, but always with its gradient, that of 1 - sum."""
    rounding = 4 * torch.finfo(missing.dtype).eps * (terms + 4)
    return torch.where(missing.detach().abs() <= rounding, missing - missing.detach(), missing)


def _safe_log(probability: LogProb) -> LogProb:
    return torch.log(probability.clamp(min=0) + torch.finfo(probability.dtype).tiny)


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf
