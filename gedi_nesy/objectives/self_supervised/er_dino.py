"""ER in DINO's architecture: predictions over prototypes, whose mean is kept even in place of any centring."""

from functools import partial

from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.entropy import entropy_of_mean
from gedi_nesy.objectives.self_supervised.dino import TEMPERATURE, CentredTeacher, loss_dino, parts
from gedi_nesy.objectives.term import Seen, Term


def loss_er_dino(
    scores: Float[Tensor, "*model batch prototype"], teacher: Float[Tensor, "*model batch prototype"]
) -> Float[Tensor, "*model"]:
    """Minus H(mean p) + E sum_w p_teacher(w) log p(w): of what is discrete, the entropy needs no kernel.

    The student's temperature and the sharper teacher's are DINO's.
    """
    log_probs = (scores / TEMPERATURE).log_softmax(dim=-1)
    return loss_dino(scores, teacher) - entropy_of_mean(log_probs)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """The mean of both directions."""
    plain, augmented = (parts(rows) for rows in seen.outputs["er_dino"])
    return 0.5 * (
        loss_er_dino(plain.student, augmented.teacher) + loss_er_dino(augmented.student, plain.teacher)
    )


TERM = Term(
    name="er_dino",
    loss=_loss,
    module=partial(CentredTeacher, centre_momentum=1.0),
    joint=CentredTeacher.project,
    after_step=CentredTeacher.after_step,
    method="ER DINO",
)
