"""How points are learned: sizes, schedules, pairs and chains; lengths are in the data's units."""

import math
from dataclasses import dataclass, field
from typing import Literal

from gedi_nesy.errors import ConfigError
from gedi_nesy.sampling.sgld import OF_POINTS, SGLDConfig
from gedi_nesy.training.schedule import annealed, cosine


@dataclass(frozen=True, kw_only=True)
class WalkConfig:
    """Positive pairs from walks: a step takes `batch_size` of them on, by as many Langevin steps as the sampler's."""

    walkers: int = 256
    reborn: float = 0.1
    """probability that a walk is reinitialised at another training point, when it is taken on"""
    step_size: float = 2e-3
    temperature: float = 0.125
    max_move: float = 0.08
    """what the gradient may move a walk in one Langevin step, in the data's units (inf: no bound)"""

    def __post_init__(self) -> None:
        if not self.max_move > 0:
            raise ConfigError(f"max_move={self.max_move} must be positive (inf: no bound)")
        for name in ("step_size", "temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name}={getattr(self, name)} must be finite and positive")
        if not 0 < self.reborn <= 1:
            raise ConfigError(f"reborn={self.reborn} must be in (0, 1]")


@dataclass(frozen=True, kw_only=True)
class VectorizedConfig:
    """How points are learned; lengths are in the data's units."""

    iterations: int = 2000
    batch_size: int = 64
    batch_samples: int = 64
    """Langevin chains moved a step; without walks any number, with them that of the batch"""
    learning_rate: float = 1e-2
    learning_rate_middle: float = 2e-3
    """from `learning_rate` along half a cosine to this at `turn`, then along another to 0"""
    turn: float = 0.6
    decay: bool = True
    """False: a constant learning rate without warm-up"""
    betas: tuple[float, float] = (0.9, 0.99)
    ema: float = 0.998
    """decay of the averaged weights; 0: the weights themselves"""
    entropy_start: float = 0.0
    """weight of the entropy in L_INV until `entropy_begin`, then a line to 1 at `entropy_end` (shares of a run)"""
    entropy_begin: float = 0.5
    entropy_end: float = 0.9
    both_views: bool = True
    """L_INV in both directions and L_PRIOR on both views; False: CE(p(y|x'), p(y|x)) and p(y|x), as in the paper"""
    augmentation: float = 0.03
    """standard deviation of the noise that makes x' of x where there are no walks"""
    blur: float = 0.03
    """standard deviation of the noise on the data that L_GEN sees, so that energies stay smooth"""
    walk: WalkConfig | None = field(default_factory=WalkConfig)
    sgld: SGLDConfig = OF_POINTS
    max_move: float = 0.08
    """what the gradient may move a chain in one Langevin step (inf: no bound)"""
    energy_l2: float = 0.01
    """weight, times that of L_GEN, of the penalty on E(x)^2"""
    buffer_size: int = 1000
    reinit: float = 0.02
    start: Literal["data", "uniform"] = "data"
    """chains begin at training points with noise of `start_noise`, or uniformly in the box around the data"""
    start_noise: float = 0.3
    """in standard deviations of the data"""
    margin: float = 1.0
    """the box to which chains are clamped is this much wider than the data on each side"""

    def __post_init__(self) -> None:
        for name in ("iterations", "batch_size", "batch_samples"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} must be at least 1")
        if self.batch_samples > self.buffer_size:
            raise ConfigError(
                f"batch_samples={self.batch_samples} must not exceed buffer_size={self.buffer_size}"
            )
        if self.walk is not None and self.batch_samples != self.batch_size:
            raise ConfigError(
                f"batch_samples={self.batch_samples} must be batch_size={self.batch_size} with walks"
            )
        if self.walk is not None and self.walk.walkers < self.batch_size:
            raise ConfigError(f"walkers={self.walk.walkers} must be at least batch_size={self.batch_size}")
        if not 0 < self.learning_rate < math.inf:
            raise ConfigError(f"learning_rate={self.learning_rate} must be finite and positive")
        if not self.max_move > 0:
            raise ConfigError(f"max_move={self.max_move} must be positive (inf: no bound)")
        if not 0 <= self.ema < 1:
            raise ConfigError(f"ema={self.ema} must be at least 0 and below 1")

    def rate(self, step: int) -> float:
        if not self.decay:
            return self.learning_rate
        turn = max(1, round(self.turn * self.iterations))
        if step < turn:
            height, low = self.learning_rate - self.learning_rate_middle, self.learning_rate_middle
            return (low + height * cosine(step, turn, 1)) * min(1.0, (step + 1) / 50)
        return self.learning_rate_middle * cosine(step - turn, self.iterations - turn, 1)

    def entropy_weight(self, step: int) -> float:
        return annealed(step / self.iterations, self.entropy_start, self.entropy_begin, self.entropy_end)
