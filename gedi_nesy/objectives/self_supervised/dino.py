"""DINO (Caron et al. 2021): predictions follow those of a slowly moving teacher, which are centred and sharpened."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.objectives.self_supervised.heads import NUM_PROTOTYPES, PrototypeHead
from gedi_nesy.objectives.self_supervised.teacher import MOMENTUM, follow, teacher_of
from gedi_nesy.objectives.term import Network, Pair, Seen, Term

TEMPERATURE = 0.1
"""of the student (Implementation details, as are the next two)"""
TEACHER_TEMPERATURE = 0.04
"""of the teacher, smaller: its predictions are sharpened; theirs rises to 0.07, from this"""
CENTRE_MOMENTUM = 0.9
"""what of the centre is kept at a step (Eq. 4)"""


class Parts(NamedTuple):
    """Of a view: the student's scores, and the teacher's less the centre."""

    student: Tensor
    teacher: Tensor


def parts(rows: Float[Tensor, "*model batch feature"]) -> Parts:
    """What `CentredTeacher.project` put side by side."""
    return Parts(*rows.chunk(2, dim=-1))


class CentredTeacher(nn.Module):
    """Projector and prototypes, the teacher of encoder, projector and prototypes, and the centre of its scores."""

    centre: Tensor

    def __init__(
        self, network: Network, momentum: float = MOMENTUM, centre_momentum: float = CENTRE_MOMENTUM
    ):
        """With a `centre_momentum` of 1 the centre stays 0."""
        super().__init__()
        self.momentum = momentum
        self.centre_momentum = centre_momentum
        self.head = PrototypeHead(network)
        self.teacher = teacher_of(network)
        self.teacher_head = teacher_of(self.head)
        self.register_buffer("centre", torch.zeros(NUM_PROTOTYPES))

    def forward(self, images: Tensor, embeddings: Tensor) -> Tensor:
        """Embeddings of the student, and of the teacher."""
        with torch.no_grad():
            targets = self.teacher.embed(images)
        return torch.cat([embeddings, targets], dim=-1)

    def project(self, rows: Tensor) -> Tensor:
        """What `parts` takes apart, of the embeddings of all rows of a view."""
        embeddings, targets = rows.chunk(2, dim=-1)
        with torch.no_grad():
            target = self.teacher_head.project(targets) - self.centre
        return torch.cat([self.head.project(embeddings), target], dim=-1)

    @torch.no_grad()
    def after_step(self, network: Network, rows: Pair) -> None:
        """c = m c + (1 - m) mean of the teacher's scores, which the rows have less c; then the teacher moves on."""
        mean = torch.cat([parts(view).teacher for view in rows]).mean(dim=0)
        self.centre += (1.0 - self.centre_momentum) * mean
        follow(self.teacher, network, self.momentum)
        follow(self.teacher_head, self.head, self.momentum)


def loss_dino(
    scores: Float[Tensor, "*model batch cluster"],
    teacher: Float[Tensor, "*model batch cluster"],
    temperature: float = TEMPERATURE,
    teacher_temperature: float = TEACHER_TEMPERATURE,
) -> Float[Tensor, "*model"]:
    """CE(softmax(teacher / t_t), softmax(scores / t_s)), mean over the batch (Eq. 2).

    The teacher's scores are of the other view, less the centre, and a constant.
    """
    targets = (teacher.detach() / teacher_temperature).softmax(dim=-1)
    return -(targets * (scores / temperature).log_softmax(dim=-1)).sum(dim=-1).mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """The mean of both directions (Eq. 3); there are two views here, and no smaller crops."""
    plain, augmented = (parts(rows) for rows in seen.outputs["dino"])
    return 0.5 * (loss_dino(plain.student, augmented.teacher) + loss_dino(augmented.student, plain.teacher))


TERM = Term(
    name="dino",
    loss=_loss,
    module=CentredTeacher,
    joint=CentredTeacher.project,
    after_step=CentredTeacher.after_step,
    method="DINO",
)
