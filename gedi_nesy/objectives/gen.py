"""L_GEN: data more likely than the model's own samples."""

from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.term import Seen, Term


def loss_gen(
    energy_data: Float[Tensor, "*model batch"], energy_samples: Float[Tensor, "*model sample"]
) -> Float[Tensor, "*model"]:
    """-L_GEN up to a constant: mean E(x) - mean E(x_sgld), whose gradient is that of Eq. 11.

    The samples are constants: no gradient may reach the sampler that made them.
    """
    return energy_data.mean(dim=-1) - energy_samples.mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    return loss_gen(seen.energy_data, seen.energy_samples)


TERM = Term(name="gen", loss=_loss, needs=("samples",))
