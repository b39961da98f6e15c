"""ER in BYOL's architecture: the teacher's projections are predicted, and the student's entropy is made large."""

from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.self_supervised.byol import Bootstrap, Parts, parts
from gedi_nesy.objectives.self_supervised.er import entropy_on_sphere, reconstruction_on_sphere
from gedi_nesy.objectives.term import Seen, Term


def _bound(view: Parts, other: Parts) -> Float[Tensor, "*model"]:
    """H(Z') + E log q(z'|z). No gradient reaches a teacher: the entropy is that of what it is an average of."""
    reconstruction = reconstruction_on_sphere(view.predicted, other.target.detach())
    return entropy_on_sphere(other.projected) + reconstruction


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """Minus the bound, the mean of both directions."""
    plain, augmented = (parts(rows) for rows in seen.outputs["er_byol"])
    return -0.5 * (_bound(plain, augmented) + _bound(augmented, plain))


TERM = Term(
    name="er_byol",
    loss=_loss,
    module=Bootstrap,
    joint=Bootstrap.project,
    after_step=Bootstrap.after_step,
    method="ER BYOL",
)
