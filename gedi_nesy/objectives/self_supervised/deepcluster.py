"""DeepCluster (Caron et al. 2018, in the form of 2020's DeepCluster-v2): k-means gives the labels that are predicted.

The centroids are those of the projections of the last images, which a memory holds; they are the prototypes as well.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.objectives.self_supervised.heads import NUM_PROJECTED, NUM_PROTOTYPES, with_batch_norm
from gedi_nesy.objectives.term import Network, Pair, Seen, Term

TEMPERATURE = 0.1
"""of the prediction (DeepCluster-v2, the authors' code)"""
MEMORY = 1024
"""Projections that are kept; k-means runs each time that all of them were replaced, where theirs runs once an epoch."""
ROUNDS = 10
"""of k-means (the same)"""


def spherical_k_means(
    rows: Float[Tensor, "row feature"], centroids: Float[Tensor, "prototype feature"], rounds: int = ROUNDS
) -> Float[Tensor, "prototype feature"]:
    """Centroids, of length 1, that went on from these: rows to the nearest by cosine, and each to the mean of its rows.

    Those without rows move to the rows that are worst represented. At least as many rows as centroids.
    """
    rows, centroids = F.normalize(rows, dim=1), F.normalize(centroids, dim=1)
    for _ in range(rounds):
        nearness, nearest = (rows @ centroids.T).max(dim=1)
        member = F.one_hot(nearest, len(centroids)).to(rows.dtype)
        centroids = member.T @ rows
        empty = (member.sum(dim=0) == 0).nonzero().flatten()
        centroids[empty] = rows[nearness.argsort()[: len(empty)]]
        centroids = F.normalize(centroids, dim=1)
    return centroids


class ClusteredMemory(nn.Module):
    """Projector, memory and centroids; these are random directions until the memory is full."""

    memory: Tensor
    centroids: Tensor
    seen: Tensor

    def __init__(self, network: Network):
        super().__init__()
        self.layers = with_batch_norm(network.num_features)
        self.register_buffer("memory", torch.zeros(MEMORY, NUM_PROJECTED))
        self.register_buffer("centroids", F.normalize(torch.randn(NUM_PROTOTYPES, NUM_PROJECTED), dim=1))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    def forward(self, images: Tensor, embeddings: Tensor) -> Tensor:
        return embeddings

    def project(self, embeddings: Tensor) -> Tensor:
        """Scores, and the projections of length 1 that they are of, side by side."""
        projected = F.normalize(self.layers(embeddings), dim=1)
        return torch.cat([projected @ self.centroids.T, projected], dim=1)

    @torch.no_grad()
    def after_step(self, network: Network, rows: Pair) -> None:
        """The projections of x replace the oldest ones; when all have been replaced, there are new centroids."""
        projected = rows.plain[-MEMORY:, NUM_PROTOTYPES:]
        slots = (self.seen + torch.arange(len(projected), device=projected.device)) % MEMORY
        self.memory[slots] = projected
        before = int(self.seen) // MEMORY
        self.seen += len(projected)
        if int(self.seen) // MEMORY > before:
            # the first centroids are rows; later ones go on from where they were, so that labels go on to mean the same
            begin = self.centroids if before else self.memory[:: MEMORY // NUM_PROTOTYPES]
            self.centroids.copy_(spherical_k_means(self.memory, begin))


def loss_deepcluster(
    scores: Float[Tensor, "*model batch prototype"],
    other: Float[Tensor, "*model batch prototype"],
    temperature: float = TEMPERATURE,
) -> Float[Tensor, "*model"]:
    """Mean of -log p(nearest centroid of the other view), p = softmax(scores / t); the label is a constant."""
    labels = other.detach().argmax(dim=-1, keepdim=True)
    log_probs = (scores / temperature).log_softmax(dim=-1)
    return -log_probs.gather(-1, labels).squeeze(-1).mean(dim=-1)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """The mean of both directions."""
    plain, augmented = (view[..., :NUM_PROTOTYPES] for view in seen.outputs["deepcluster"])
    return 0.5 * (loss_deepcluster(plain, augmented) + loss_deepcluster(augmented, plain))


TERM = Term(
    name="deepcluster",
    loss=_loss,
    module=ClusteredMemory,
    joint=ClusteredMemory.project,
    after_step=ClusteredMemory.after_step,
    method="DeepCluster",
)
