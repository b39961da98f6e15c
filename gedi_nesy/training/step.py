"""The joint loss of one step: three GEDI terms and the logic, from one forward pass."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives import terms as objectives
from gedi_nesy.types import Logits, LogProbs, Scalar

Constraint = Callable[[LogProbs], Float[Tensor, " query"]]
"""From the log-probabilities of a batch of images to log P(query) of the queries among them."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each term counts; 0 leaves it out. `magnitude` weighs the penalty on E(x)^2 that steadies L_GEN,
    `entropy` that of the batch-mean prediction, which others maximise where L_PRIOR is not used.
    """

    gen: float = 0.1
    inv: float = 1.0
    prior: float = 2.0
    nesy: float = 1.0
    magnitude: float = 0.1
    entropy: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"weight_{field.name}={value} must be finite and not negative")


class Terms(NamedTuple):
    """The terms L_* of the objective, to be maximised, as plain numbers; a term that is left out is None."""

    gen: float | None
    inv: float
    prior: float
    nesy: float | None
    satisfaction: float | None
    """mean P(query) over the batch, without augmentation: not optimised, but what people understand"""


class Views(NamedTuple):
    """Logits of the batch, of its augmentation, and of samples (None without L_GEN)."""

    plain: Logits
    augmented: Logits
    samples: Logits | None


def joint_loss(
    views: Views,
    constraint: Constraint | None,
    weights: Weights,
    entropy_weight: float = 1.0,
    labelled: Constraint | None = None,
) -> tuple[Scalar, Terms]:
    """w_gen loss_gen + w_inv loss_inv + w_prior loss_prior + w_nesy loss_nesy, and the terms.

    Both views count alike: L_INV is taken in both directions, L_PRIOR and L_NESY on each view. A query whose images
    are augmented still holds, and this is what keeps a network from memorising few queries.

    `entropy_weight` multiplies the entropy that is part of L_INV = -(KL + H): at 1 it is the paper's term, below 1
    answers may stay soft, below 0 they are asked to. Raising it to 1 is deterministic annealing. The terms returned
    are the paper's at any weight. `labelled` gives the log-probability of the known symbols of labelled images: a
    part of L_NESY with a mean of its own, so that few labels count beside many queries.
    """
    plain, augmented = views.plain.log_softmax(dim=1), views.augmented.log_softmax(dim=1)
    inv = 0.5 * (objectives.loss_inv(plain, augmented) + objectives.loss_inv(augmented, plain))
    softness = 0.5 * (objectives.entropy(plain) + objectives.entropy(augmented))
    prior = 0.5 * (objectives.loss_prior(plain) + objectives.loss_prior(augmented))
    loss = weights.inv * (inv - (1.0 - entropy_weight) * softness) + weights.prior * prior
    gen = nesy = satisfaction = None
    if constraint is not None:
        log_prob = constraint(plain)
        nesy = -0.5 * (log_prob.mean() + constraint(augmented).mean())
        if labelled is not None:
            nesy = nesy - 0.5 * (labelled(plain).mean() + labelled(augmented).mean())
        loss = loss + weights.nesy * nesy
        satisfaction = -log_prob.detach().exp().mean()  # minus, as with the losses
    if weights.entropy > 0:
        loss = loss - weights.entropy * objectives.entropy_of_mean(plain)
    if views.samples is not None:
        data, samples = objectives.energy(views.plain), objectives.energy(views.samples)
        gen = objectives.loss_gen(data, samples)
        penalty = objectives.energy_magnitude(data) + objectives.energy_magnitude(samples)
        loss = loss + weights.gen * gen + weights.gen * weights.magnitude * penalty
    return loss, _terms(gen=gen, inv=inv, prior=prior, nesy=nesy, satisfaction=satisfaction)


def _terms(**losses: Scalar | None) -> Terms:
    """Minus each loss as a plain number; all are fetched at once, since on a GPU every fetch waits for the device."""
    present = {name: loss for name, loss in losses.items() if loss is not None}
    numbers = (-torch.stack([loss.detach() for loss in present.values()])).tolist()
    found = dict(zip(present, numbers, strict=True))
    return Terms(found.get("gen"), found["inv"], found["prior"], found.get("nesy"), found.get("satisfaction"))
