"""Entropies of predictions, and the term that maximises that of the batch-mean prediction."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.term import Seen, Term


def entropy(log_probs: Float[Tensor, "*model batch cluster"]) -> Float[Tensor, "*model"]:
    """Mean over the batch of H(p(y|x)), in nats, between 0 and log(number of clusters)."""
    return -(log_probs.exp() * log_probs).sum(dim=-1).mean(dim=-1)


def log_mean(log_probs: Float[Tensor, "*model batch cluster"]) -> Float[Tensor, "*model cluster"]:
    """log mean_x p(y|x)."""
    return torch.logsumexp(log_probs, dim=-2) - math.log(log_probs.shape[-2])


def entropy_of_mean(log_probs: Float[Tensor, "*model batch cluster"]) -> Float[Tensor, "*model"]:
    """H(mean_x p(y|x)), in nats: largest when all clusters are used alike, and finite when some are not used."""
    log_probs_of_mean = log_mean(log_probs)
    return -(log_probs_of_mean.exp() * log_probs_of_mean).sum(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """Minus H(mean p(y|x)), which others maximise where L_PRIOR is not used."""
    return -entropy_of_mean(seen.log_probs)


TERM = Term(name="entropy", loss=_loss, reported=False)
