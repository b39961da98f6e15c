"""L_PRIOR: all clusters used as the prior says."""

from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.entropy import log_mean
from gedi_nesy.objectives.term import Seen, Term
from gedi_nesy.types import Prior


def loss_prior(
    log_probs: Float[Tensor, "*model batch cluster"], prior: Prior | None = None
) -> Float[Tensor, "*model"]:
    """-L_PRIOR = CE(p(y), mean_x p(y|x)) (Eq. 3); the prior is uniform unless given.

    At least the entropy of the prior, and equal to it when the batch uses the clusters as the prior says. Not linear in
    the batch: means of this loss over parts of a batch are not the loss of the batch.
    """
    log_probs_of_mean = log_mean(log_probs)
    if prior is None:
        return -log_probs_of_mean.mean(dim=-1)
    return -(prior * log_probs_of_mean).sum(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    return seen.over_views(lambda log_probs, augmented: loss_prior(log_probs))


TERM = Term(name="prior", loss=_loss, comparable=True)
