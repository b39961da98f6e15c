"""SimCLR (Chen et al. 2020): the two views of an image near each other, and away from those of all other images."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.objectives.term import Features, Seen, Term

TEMPERATURE = 0.5
WIDTH, NUM_PROJECTED = 256, 128


class ProjectionHead(nn.Module):
    """z = W_2 relu(W_1 h) of embeddings h: what the loss sees, and what is thrown away after training."""

    def __init__(self, features: Features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features.num_features, WIDTH), nn.ReLU(), nn.Linear(WIDTH, NUM_PROJECTED)
        )

    def forward(self, images: Tensor, embeddings: Tensor) -> Tensor:
        return self.layers(embeddings)


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
