"""The flags of the failure modes benchmark."""

import math
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.runner.config import RunConfig
from benchmarks.runner.flags import OPTIONS, Flag
from gedi_nesy.data.points import NUM_CLASSES, PointsName
from gedi_nesy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class FailureModesConfig(RunConfig):
    """Which loss penalises which failure: the paper's Table 1, measured."""

    dataset: tuple[PointsName, ...] = ("moons", "circles")
    """points whose density is known"""
    num: int = 1000
    """points a seed"""
    noise: float = 0.05
    """standard deviation of the data around their manifolds"""
    augment: float = 0.03
    """standard deviation of the augmentation, x' = x + noise"""
    tolerance: float = 1e-4
    """nats a point by which a failure may be worse than the good solution and count as admitted"""

    GROUPS: ClassVar = {OPTIONS: ("dataset", Flag("num", name="points"), "noise", "augment", "tolerance")}

    def check(self) -> None:
        """ConfigError names what does not fit."""
        if len(set(self.dataset)) < max(1, len(self.dataset)):
            raise ConfigError("--dataset: each once, and at least one")
        if not 0 <= self.tolerance < math.inf:
            raise ConfigError(f"--tolerance {self.tolerance} must be finite and not negative")
        for name in ("noise", "augment"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"--{name} {getattr(self, name)} must be finite and positive")
        for name in self.dataset:
            if self.num < NUM_CLASSES[name]:
                raise ConfigError(
                    f"--points {self.num} must be at least {NUM_CLASSES[name]}, the classes of {name}"
                )
