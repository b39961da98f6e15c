"""The energy that a classifier's logits define, and the penalty that keeps it near 0."""

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.term import Seen, Term


def energy(logits: Float[Tensor, "*batch cluster"]) -> Float[Tensor, "*batch"]:
    """E(x) = -logsumexp_y l_y(x), so that p(x) is proportional to exp(-E(x)) (Eq. 6)."""
    return -torch.logsumexp(logits, dim=-1)


def energy_l2(energies: Float[Tensor, "*model batch"]) -> Float[Tensor, "*model"]:
    """mean E(x)^2, an L2 penalty on the energy: L_GEN fixes only differences of energies, and lets them drift."""
    return energies.square().mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    return energy_l2(seen.energy_data) + energy_l2(seen.energy_samples)


TERM = Term(name="energy_l2", loss=_loss, needs=("samples",), scales_with="gen", reported=False)
