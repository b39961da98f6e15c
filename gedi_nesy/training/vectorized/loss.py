"""The objective for a stack of networks: the functions of `objectives`, a weight a model for each term."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives import table
from gedi_nesy.objectives.entropy import entropy
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.objectives.term import Seen

PerModel = Float[Tensor, " model"]
VectorizedLogits = Float[Tensor, "model batch cluster"]
Weights = Mapping[str, PerModel]
"""By term, a weight a model. What scales with another term is multiplied already."""

REPORTED = ("gen", "inv", "prior")
"""What the history of a stack has, in this order."""


class VectorizedLosses(NamedTuple):
    """What each network minimises, and its terms L_GEN (NaN without samples), L_INV and L_PRIOR."""

    total: PerModel
    terms: Float[Tensor, "term model"]


def vectorized_loss(
    views: Sequence[VectorizedLogits], weights: Weights, entropy_weight: float = 1.0, both_views: bool = True
) -> VectorizedLosses:
    """The loss of each network, and its terms.

    `views` are the logits of points and of their pairs, then of samples and of the data for L_GEN, if there are any.
    With `both_views` L_INV is taken in both directions and L_PRIOR on both views; without, it is the paper's.
    """
    samples, data = views[2:] if len(views) > 2 else (None, None)
    seen = Seen(
        plain=views[0],
        augmented=views[1],
        samples=samples,
        data=data,
        entropy_weight=entropy_weight,
        both_views=both_views,
    )
    inv, prior, softness = _by_direction(seen)
    total = weights["inv"] * (inv - (1.0 - entropy_weight) * softness) + weights["prior"] * prior
    found = {"inv": inv, "prior": prior, "gen": torch.full_like(inv, torch.nan)}
    for name, term in table.TERMS.items():
        if name in weights and name not in table.WATCHED and not (term.needs and samples is None):
            found[name] = term.loss(seen)
            total = total + weights[name] * found[name]
    return VectorizedLosses(total, -torch.stack([found[name] for name in REPORTED]).detach())


def _by_direction(seen: Seen) -> tuple[PerModel, PerModel, PerModel]:
    """-L_INV, -L_PRIOR and the entropy, as the terms of the table give them, but one direction after the other.

    Autograd adds gradients up in the order in which they were asked for, and published figures rest on this one.
    """
    plain, paired = seen.log_probs, seen.log_probs_augmented
    directions = [(plain, paired), (paired, plain)] if seen.both_views else [(plain, paired)]
    parts = [(loss_inv(one, other), loss_prior(one), entropy(other)) for one, other in directions]
    inv, prior, softness = (torch.stack(each).mean(dim=0) for each in zip(*parts, strict=True))
    return inv, prior, softness
