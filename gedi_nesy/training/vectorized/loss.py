"""The joint loss of `step.joint_loss` for a stack of networks: without logic, a weight a model for each term."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

PerModel = Float[Tensor, " model"]
StackedLogits = Float[Tensor, "model batch cluster"]


class StackedWeights(NamedTuple):
    """A weight a model for each term."""

    gen: PerModel
    inv: PerModel
    prior: PerModel


def _cross_entropy(of: StackedLogits, to: StackedLogits) -> PerModel:
    """Mean over the batch of CE(of, to), both log-probabilities."""
    return -(of.exp() * to).sum(dim=2).mean(dim=1)


def _prior(log_probs: StackedLogits) -> PerModel:
    """-L_PRIOR for the uniform prior."""
    return -(log_probs.logsumexp(dim=1) - math.log(log_probs.shape[1])).mean(dim=1)


def stacked_loss(
    views: Sequence[StackedLogits],
    weights: StackedWeights,
    magnitude: float,
    entropy_weight: float = 1.0,
    both_views: bool = True,
) -> tuple[PerModel, Float[Tensor, "term model"]]:
    """The loss of each network, and its terms L_GEN (NaN without samples), L_INV and L_PRIOR.

    `views` are the logits of points and of their pairs, then of samples and of the data for L_GEN, if there are any.
    With `both_views` L_INV is taken in both directions and L_PRIOR on both views; without, it is the paper's.
    """
    plain, paired = views[0].log_softmax(dim=2), views[1].log_softmax(dim=2)
    inv, prior = _cross_entropy(paired, plain), _prior(plain)
    softness = _cross_entropy(paired, paired)
    if both_views:
        inv = 0.5 * (inv + _cross_entropy(plain, paired))
        prior = 0.5 * (prior + _prior(paired))
        softness = 0.5 * (softness + _cross_entropy(plain, plain))
    loss = weights.inv * (inv - (1.0 - entropy_weight) * softness) + weights.prior * prior
    gen = torch.full_like(inv, math.nan)
    if len(views) > 2:
        samples, data = -views[2].logsumexp(dim=2), -views[3].logsumexp(dim=2)
        gen = data.mean(dim=1) - samples.mean(dim=1)
        penalty = data.square().mean(dim=1) + samples.square().mean(dim=1)
        loss = loss + weights.gen * (gen + magnitude * penalty)
    return loss, -torch.stack([gen, inv, prior]).detach()
