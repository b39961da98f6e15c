"""Small networks between an embedding and a loss, thrown away after training."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.objectives.term import Network

WIDTH, NUM_PROJECTED = 256, 128

NUM_PROTOTYPES = 128
"""Several for each class that small data sets have, as the papers have of ImageNet's: more of them mattered little."""


class ProjectionHead(nn.Module):
    """z = W_2 relu(W_1 h) of embeddings h: what the loss sees."""

    def __init__(self, network: Network):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(network.num_features, WIDTH), nn.ReLU(), nn.Linear(WIDTH, NUM_PROJECTED)
        )

    def forward(self, images: Tensor, embeddings: Tensor) -> Tensor:
        return self.layers(embeddings)


def with_batch_norm(num_inputs: int) -> nn.Sequential:
    """z = W_2 relu(BatchNorm(W_1 h)): for methods that do not learn without; the rows are those of all ranks.

    The statistics are always the batch's. Encoders have none of it: there data and samples must not see each other.
    """
    return nn.Sequential(
        nn.Linear(num_inputs, WIDTH),
        nn.BatchNorm1d(WIDTH, track_running_stats=False),
        nn.ReLU(),
        nn.Linear(WIDTH, NUM_PROJECTED),
    )


class BatchNormHead(nn.Module):
    """The same with batch normalisation: a term has `joint=BatchNormHead.project`."""

    def __init__(self, network: Network):
        super().__init__()
        self.layers = with_batch_norm(network.num_features)

    def forward(self, images: Tensor, embeddings: Tensor) -> Tensor:
        return embeddings

    def project(self, embeddings: Tensor) -> Tensor:
        """Of the embeddings of all rows of a view."""
        return self.layers(embeddings)


def cosines(
    features: Float[Tensor, "*model batch feature"], directions: Float[Tensor, "*model prototype feature"]
) -> Float[Tensor, "*model batch prototype"]:
    """Of each row of the one with each of the other."""
    return F.normalize(features, dim=-1) @ F.normalize(directions, dim=-1).mT


class PrototypeHead(BatchNormHead):
    """Cosines of projections and prototypes."""

    def __init__(self, network: Network):
        super().__init__(network)
        self.prototypes = nn.Parameter(torch.randn(NUM_PROTOTYPES, NUM_PROJECTED))

    def project(self, embeddings: Tensor) -> Tensor:
        """The scores of all rows of a view."""
        return cosines(self.layers(embeddings), self.prototypes)
