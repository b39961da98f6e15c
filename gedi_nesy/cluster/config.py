"""What a run of clustering is told, and what it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.pixels import num_at_once
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.training.records import Record

IMAGE_STEPS, POINT_STEPS, FEATURE_STEPS = 2400, 2000, 1000
IMAGE_RESTARTS, POINT_RESTARTS, FEATURE_RESTARTS = 1, 3, 10

OnProgress = Callable[[int, str], None]
"""Called with the steps done, and the terms in words."""


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """How many clusters, for how long, and from which seed."""

    num_clusters: int
    steps: int
    """of all restarts and the refinement together"""
    restarts: int
    """random initialisations; the best by the training objective is kept"""
    seed: int = 0
    weight_gen: float = 0.0
    """of L_GEN, for images: without it energies are what the clusters make of them, and no measure of likelihood"""
    pretrain: PretrainConfig | None = None
    """for images: features come first, and their steps are not among `steps`"""

    def __post_init__(self) -> None:
        if self.num_clusters < 2:
            raise ConfigError(f"num_clusters={self.num_clusters} must be at least 2")
        if self.restarts < 1:
            raise ConfigError(f"restarts={self.restarts} must be at least 1")
        if self.steps < 2 * self.restarts:
            raise ConfigError(
                f"steps={self.steps} must be at least 2 for each of the {self.restarts} restarts"
            )

    @property
    def all_steps(self) -> int:
        """With those in which features are learned."""
        return self.steps + (self.pretrain.steps if self.pretrain else 0)


class Clustered(NamedTuple):
    """The network, in eval mode, whether it was trained to the end, and how the terms went."""

    model: GEDI
    finished: bool
    history: Sequence[Record] = ()


class Assignments(NamedTuple):
    """p(y|x) and E(x) of each input."""

    probabilities: Float[Tensor, "input cluster"]
    energies: Float[Tensor, " input"]


@torch.no_grad()
def assign(model: GEDI, inputs: Tensor) -> Assignments:
    """Both from the same logits, a part at a time; features of 16 bits become 32."""
    found = inputs.split(num_at_once(inputs))
    parts = [model(part.float() if part.dtype == torch.float16 else part) for part in found]
    logits = torch.cat(parts) if parts else torch.empty(0, model.num_clusters)
    return Assignments(logits.softmax(dim=1), -logits.logsumexp(dim=1))


def check_enough(count: int, config: ClusterConfig) -> None:
    """DataError where there are fewer inputs than clusters."""
    if count < config.num_clusters:
        raise DataError(f"{count} inputs cannot be in num_clusters={config.num_clusters} clusters")
