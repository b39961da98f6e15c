"""SimCLR (Chen et al. 2020): the two views of an image near each other, and away from those of all other images."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.self_supervised.heads import ProjectionHead
from gedi_nesy.objectives.term import Seen, Term

TEMPERATURE = 0.5
"""The paper's choice for CIFAR-10 (Appendix B.9)."""


def loss_simclr(
    projected: Float[Tensor, "*model batch feature"],
    projected_augmented: Float[Tensor, "*model batch feature"],
    temperature: float = TEMPERATURE,
) -> Float[Tensor, "*model"]:
    """NT-Xent, the mean over all 2n views i of -log(exp(s_ij / t) / sum_{k != i} exp(s_ik / t)), j the other view of i.

    s are cosines (Eq. 1 of the paper).
    """
    views = F.normalize(torch.cat([projected, projected_augmented], dim=-2), dim=-1)
    similarity = views @ views.mT / temperature
    num = projected.shape[-2]
    # a view is not its own neighbour
    others = similarity.masked_fill(torch.eye(2 * num, dtype=torch.bool, device=views.device), -torch.inf)
    partner = similarity.diagonal(offset=num, dim1=-2, dim2=-1)
    return others.logsumexp(dim=-1).mean(dim=-1) - partner.mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    return loss_simclr(*seen.outputs["simclr"])


TERM = Term(name="simclr", loss=_loss, module=ProjectionHead, method="SimCLR")
