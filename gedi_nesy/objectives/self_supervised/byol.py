"""BYOL (Grill et al. 2020): one view predicts what a slowly moving teacher makes of the other; no negatives."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.objectives.self_supervised.heads import NUM_PROJECTED, with_batch_norm
from gedi_nesy.objectives.self_supervised.teacher import MOMENTUM, follow, teacher_of
from gedi_nesy.objectives.term import Network, Pair, Seen, Term


class Parts(NamedTuple):
    """Of a view: the student's prediction of the other view's target, what it is made of, and the teacher's target."""

    predicted: Tensor
    projected: Tensor
    target: Tensor


def parts(rows: Float[Tensor, "*model batch feature"]) -> Parts:
    """What `Bootstrap.project` put side by side."""
    return Parts(*rows.chunk(3, dim=-1))


class Bootstrap(nn.Module):
    """Projector and predictor, and the teacher of encoder and projector."""

    def __init__(self, network: Network, momentum: float = MOMENTUM):
        super().__init__()
        self.momentum = momentum
        self.projector = with_batch_norm(network.num_features)
        self.predictor = with_batch_norm(NUM_PROJECTED)
        self.teacher = teacher_of(network)
        self.teacher_projector = teacher_of(self.projector)

    def forward(self, images: Tensor, embeddings: Tensor) -> Tensor:
        """Embeddings of the student, and of the teacher."""
        with torch.no_grad():
            targets = self.teacher.embed(images)
        return torch.cat([embeddings, targets], dim=-1)

    def project(self, rows: Tensor) -> Tensor:
        """What `parts` takes apart, of the embeddings of all rows of a view."""
        embeddings, targets = rows.chunk(2, dim=-1)
        projected = self.projector(embeddings)
        with torch.no_grad():
            target = self.teacher_projector(targets)
        return torch.cat([self.predictor(projected), projected, target], dim=-1)

    def after_step(self, network: Network, rows: Pair) -> None:
        """The teacher moves on."""
        follow(self.teacher, network, self.momentum)
        follow(self.teacher_projector, self.projector, self.momentum)


def loss_byol(
    predicted: Float[Tensor, "*model batch feature"], target: Float[Tensor, "*model batch feature"]
) -> Float[Tensor, "*model"]:
    """Mean over the batch of |p - t|^2 = 2 - 2 cos(p, t), p and t normalised (Eq. 2 of the paper); t is a constant."""
    return 2.0 - 2.0 * F.cosine_similarity(predicted, target.detach(), dim=-1).mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """The mean of both directions; the paper has their sum."""
    plain, augmented = (parts(rows) for rows in seen.outputs["byol"])
    return 0.5 * (loss_byol(plain.predicted, augmented.target) + loss_byol(augmented.predicted, plain.target))


TERM = Term(
    name="byol",
    loss=_loss,
    module=Bootstrap,
    joint=Bootstrap.project,
    after_step=Bootstrap.after_step,
    method="BYOL",
)
