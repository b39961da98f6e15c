"""Barlow Twins (Zbontar et al. 2021): features that agree between views, and say nothing of each other."""

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.self_supervised.heads import BatchNormHead
from gedi_nesy.objectives.term import Seen, Term

REDUNDANCY = 0.005
"""lambda, the weight of the features' correlation with one another (Section 3 of the paper)."""

SMALLEST_VARIANCE = 1e-5
"""Added to the variance of a feature, as by batch normalisation: one that never changes correlates with none."""


def standardised(features: Float[Tensor, "*model batch feature"]) -> Float[Tensor, "*model batch feature"]:
    """Each feature with mean 0 and standard deviation 1 over the batch."""
    centred = features - features.mean(dim=-2, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(dim=-2, keepdim=True) + SMALLEST_VARIANCE)


def loss_barlow(
    projected: Float[Tensor, "*model batch feature"],
    projected_augmented: Float[Tensor, "*model batch feature"],
    redundancy: float = REDUNDANCY,
) -> Float[Tensor, "*model"]:
    """sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2, C the correlations of features between the views (Eq. 1).

    Not linear in the batch. It is a sum over features: with d of them that are all alike it is lambda d (d - 1), and
    d for those that never agree.
    """
    num = projected.shape[-2]
    correlation = standardised(projected).mT @ standardised(projected_augmented) / num
    own = correlation.diagonal(dim1=-2, dim2=-1)
    others = correlation.square().sum(dim=(-2, -1)) - own.square().sum(dim=-1)
    return (1.0 - own).square().sum(dim=-1) + redundancy * others


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    return loss_barlow(*seen.outputs["barlow"])


TERM = Term(
    name="barlow", loss=_loss, module=BatchNormHead, joint=BatchNormHead.project, method="Barlow Twins"
)
