"""Whether independent restarts read the same, and whether they at least find the same clusters."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from jaxtyping import Int
from torch import Tensor

from gedi_nesy.data.queries import TaskData
from gedi_nesy.tasks.readings import log_probs_of
from gedi_nesy.training.learner import Learner

COMPARED = 1000
"""Images of each network that restarts are compared on."""


class Restarts:
    """What each restart read of the same images, network by network."""

    def __init__(self, data: TaskData):
        self.data = data
        self.read: list[dict[str, Tensor]] = []
        """of the averaged networks of each restart"""
        self.read_without_logic: list[dict[str, Tensor]] = []
        """of the copies that learned on for a while without the rule, where there was one: natural clusters"""

    def __call__(self, learner: Learner, copy: Learner | None) -> None:
        """To be called when a restart is over."""
        self.read.append(self._read(learner))
        if copy is not None:
            self.read_without_logic.append(self._read(copy))

    @property
    def agreement(self) -> float | None:
        """Mean share of images that two restarts read alike; None where there are no two."""
        return _over_pairs(self.read, lambda one, other: float((one == other).float().mean()))

    @property
    def clusters_agreement(self) -> float | None:
        """Mean NMI of the clusters of two restarts without the rule; None where there are no two."""
        return _over_pairs(self.read_without_logic, mutual_information)

    @torch.no_grad()
    def _read(self, learner: Learner) -> dict[str, Tensor]:
        found = {}
        for name, network in learner.networks.items():
            indices = self.data.train_indices(name)
            shown = indices[:: 1 + len(indices) // COMPARED]
            found[name] = log_probs_of(network.average, network.shown, shown).argmax(dim=1)
        return found


def _over_pairs(read: Sequence[Mapping[str, Tensor]], measure) -> float | None:
    values = [measure(one[name], other[name]) for one, other in combinations(read, 2) for name in one]
    return sum(values) / len(values) if values else None


def mutual_information(one: Int[Tensor, " image"], other: Int[Tensor, " image"]) -> float:
    """Normalized by the mean of both entropies; 1 where both are one and the same cluster throughout."""
    size = int(other.max()) + 1
    joint = torch.bincount(one * size + other, minlength=(int(one.max()) + 1) * size).view(-1, size).double()
    joint = joint / joint.sum()
    entropies = _entropy(joint.sum(dim=1)) + _entropy(joint.sum(dim=0))
    return 2.0 * (entropies - _entropy(joint.flatten())) / entropies if entropies > 0 else 1.0


def _entropy(shares: Tensor) -> float:
    return float(-torch.special.xlogy(shares, shares).sum())
