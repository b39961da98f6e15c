"""SwAV (Caron et al. 2020): each view predicts the other's assignment to prototypes, of which all are used alike."""

from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.self_supervised.heads import PrototypeHead
from gedi_nesy.objectives.term import Seen, Term

TEMPERATURE = 0.1
"""of the prediction (the authors' code, as are the next two)"""
SHARPNESS = 0.05
"""epsilon of Sinkhorn-Knopp: the smaller, the nearer are assignments to one-hot"""
ROUNDS = 3
"""of Sinkhorn-Knopp"""


def sinkhorn(
    scores: Float[Tensor, "*model batch cluster"], sharpness: float = SHARPNESS
) -> Float[Tensor, "*model batch cluster"]:
    """Rows sum to 1, columns alike: exp(scores / sharpness) scaled in turns, columns first, `ROUNDS` times."""
    logs = scores / sharpness
    for _ in range(ROUNDS):
        logs = logs - logs.logsumexp(dim=-2, keepdim=True)
        logs = logs - logs.logsumexp(dim=-1, keepdim=True)
    return logs.exp()


def loss_swav(
    scores: Float[Tensor, "*model batch cluster"],
    other: Float[Tensor, "*model batch cluster"],
    temperature: float = TEMPERATURE,
    sharpness: float = SHARPNESS,
) -> Float[Tensor, "*model"]:
    """CE(q, p), mean over the batch: p = softmax(scores / t), q Sinkhorn-Knopp's of the other view's scores.

    q is a constant (Eq. 2 of the paper). Not linear in the batch.
    """
    targets = sinkhorn(other.detach(), sharpness)
    return -(targets * (scores / temperature).log_softmax(dim=-1)).sum(dim=-1).mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """The mean of both directions; the paper has their sum."""
    plain, augmented = seen.outputs["swav"]
    return 0.5 * (loss_swav(plain, augmented) + loss_swav(augmented, plain))


TERM = Term(name="swav", loss=_loss, module=PrototypeHead, joint=PrototypeHead.project, method="SwAV")
