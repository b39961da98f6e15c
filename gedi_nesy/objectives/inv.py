"""L_INV: the same confident prediction for an image and its augmentation."""

from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.entropy import entropy
from gedi_nesy.objectives.term import Seen, Term


def loss_inv(
    log_probs: Float[Tensor, "*model batch cluster"],
    log_probs_augmented: Float[Tensor, "*model batch cluster"],
) -> Float[Tensor, "*model"]:
    """-L_INV = mean_x CE(p(y|x'), p(y|x)), the invariance term of Eq. 3.

    CE(p', p) = KL(p' || p) + H(p'): the first part asks for the same prediction, the second for a confident one.
    """
    return -(log_probs_augmented.exp() * log_probs).sum(dim=-1).mean(dim=-1)


def annealed(seen: Seen, loss: Float[Tensor, "*model"]) -> Float[Tensor, "*model"]:
    """KL + w H instead of KL + H, for deterministic annealing.

    At w = 1 it is the paper's term, below 1 predictions may keep a high entropy, below 0 they are asked to.
    """
    if seen.entropy_weight == 1.0:
        return loss
    softness = seen.over_views(lambda log_probs, augmented: entropy(augmented))
    return loss - (1.0 - seen.entropy_weight) * softness


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    return seen.over_views(loss_inv)


TERM = Term(name="inv", loss=_loss, minimised=annealed, comparable=True)
