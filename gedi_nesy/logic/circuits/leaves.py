"""Log-probabilities of a circuit's leaves, from network outputs, learnable facts and numbers in the
program.

Floor: a probability of 0, be it a network's, a fact's or 1 - p, counts as the smallest normal number of the
dtype, so that its logarithm (-87.3 in float32, -708.4 in float64) and the gradient are finite.
Log-probabilities that a network gives itself are used as they are down to 16 times that logarithm, and are
no smaller than it.
"""

import math
import sys
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
    constants = [weight.probability for weight in weights if isinstance(weight, ConstantWeight)]
    if len(constants) == len(weights):
        rest = 1 - math.fsum(constants)
        # 0.7, 0.2 and 0.1 leave nothing, but their sum as floats leaves 1e-16.
        rounding = 4 * sys.float_info.epsilon * len(weights) if len(weights) > 1 else 0.0
        return like.new_tensor(_log(rest if rest > rounding else 0.0))
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

    Where the outputs sum to 1 it is the others alone, in log space, so that value and gradient hold however
    small the others are.
    """
    if outputs.shape[1] == 1:
        return log1mexp(outputs[:, 0])
    others = [output for output in range(outputs.shape[1]) if output not in set(chosen)]
    if not others:
        return _safe_log(_without_rounding(1 - outputs.exp().sum(dim=1), outputs.shape[1]))
    log_others = torch.logsumexp(outputs[:, others].clamp(min=log_floor(outputs.dtype)), dim=1)
    missing = 1 - outputs.exp().sum(dim=1)
    complete = missing.detach().abs() <= _rounding(outputs.dtype, outputs.shape[1])
    # Both branches of `where` must be finite in value and gradient.
    safe = torch.where(complete, torch.ones_like(missing), missing)
    return torch.where(complete, log_others, _safe_log(log_others.exp() + safe))


def log1mexp(log_p: LogProb) -> LogProb:
    """log(1 - exp(log_p)), exact for probabilities next to 0 and next to 1; that of 0 is the floor's."""
    tiny = torch.finfo(log_p.dtype).tiny
    near_one = log_p > -math.log(2)
    high = torch.where(near_one, log_p, -torch.ones_like(log_p))
    low = torch.where(near_one, -torch.ones_like(log_p), log_p)
    return torch.where(near_one, torch.log(-torch.expm1(high) + tiny), torch.log1p(-low.exp()))


def _without_rounding(missing: LogProb, terms: int) -> LogProb:
    """What is missing to 1, as 0 if it is within rounding, but always with its gradient, that of 1 - sum."""
    within = missing.detach().abs() <= _rounding(missing.dtype, terms)
    return torch.where(within, missing - missing.detach(), missing)


def _rounding(dtype: torch.dtype, terms: int) -> float:
    return 4 * torch.finfo(dtype).eps * (terms + 4)


def _safe_log(probability: LogProb) -> LogProb:
    return torch.log(probability.clamp(min=0) + torch.finfo(probability.dtype).tiny)


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf
