"""The settings of a training run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.precision import PrecisionChoice
from gedi_nesy.objectives import table
from gedi_nesy.sampling.sgld import OF_IMAGES, SGLDConfig
from gedi_nesy.training.divergence import GuardConfig

PRIOR_FACTORS = (1.0, 1.5, 0.5, 0.75)
"""What restart 0, 1, 2, ... multiplies the weight of L_PRIOR by.

Few queries seldom show all symbols equally often. Where they do not, another weight finds the way out of a wrong
permutation in which a rare symbol shares a cluster and the rest are shifted by one (docs/training.md).
"""


@dataclass(frozen=True, kw_only=True)
class StepConfig:
    """One step: batch sizes, optimizer, augmentation and sampler."""

    batch_size: int = 32
    """queries a step, at most half of all"""
    batch_unlabelled: int = 128
    """further images a step, where there are any"""
    batch_samples: int = 32
    """Langevin chains moved a step"""
    learning_rate: float = 1e-3
    """of AdamW, at its highest (TrainConfig.schedule)"""
    betas: tuple[float, float] = (0.9, 0.99)
    """of AdamW: decays of its averages of the gradient and of its square"""
    ema: float = 0.998
    """decay of the averaged weights that are evaluated and saved"""
    warp: WarpConfig = field(default_factory=WarpConfig)
    data_noise_std: float = 0.0
    """standard deviation of Gaussian noise added to x and to x', in pixels from 0 to 1"""
    both_views: bool = True
    """whether x and x' count alike; if not, L_INV is CE(p(y|x'), p(y|x)) and L_PRIOR that of x, as in the paper"""
    sgld: SGLDConfig = OF_IMAGES
    buffer_size: int = 2000
    """persistent chains in the replay buffer"""
    reinit: float = 0.05
    """probability that a chain is reinitialised when it is drawn"""
    guard: GuardConfig = field(default_factory=GuardConfig)
    precision: PrecisionChoice = "float32"
    """of the encoder; with bfloat16, weights, chains, noise, logits and energies are float32 all the same; auto:
    bfloat16 where the processor has instructions for it"""
    compile: bool = False
    """let torch.compile write the network's kernels; it takes a while before the first steps"""

    def __post_init__(self) -> None:
        for name in ("batch_size", "batch_samples", "buffer_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} must be at least 1")
        if self.batch_samples > self.buffer_size:
            raise ConfigError(
                f"batch_samples={self.batch_samples} must not exceed buffer_size={self.buffer_size}"
            )
        if self.batch_unlabelled < 0:
            raise ConfigError(f"batch_unlabelled={self.batch_unlabelled} must not be negative")
        if not 0 < self.learning_rate < float("inf"):
            raise ConfigError(f"learning_rate={self.learning_rate} must be finite and positive")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"betas={self.betas} must be at least 0 and below 1")
        if not 0 <= self.data_noise_std < float("inf"):
            raise ConfigError(f"data_noise_std={self.data_noise_std} must be finite and not negative")
        if not 0 <= self.ema < 1:
            raise ConfigError(f"ema={self.ema} must be at least 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A run: up to `attempts` short annealed restarts of `explore` steps, then `refine` steps from the best."""

    objective: Mapping[str, float] = field(default_factory=lambda: table.METHODS["GEDI"])
    """{term: weight}, the terms being those of `objectives.table`"""
    step: StepConfig = field(default_factory=StepConfig)
    attempts: int = 8
    """random restarts at the most; the best by the training objective is refined"""
    attempts_without_queries: int = 1
    """restarts where there is no logic, and nothing by which one could be accepted: all of them are made"""
    cluster: int = 0
    """steps without logic with which a restart begins: clusters first, which the logic then names (0: both at once)"""
    explore: int = 350
    """steps of a restart"""
    refine: int = 1000
    """steps of the refinement, after the restarts"""
    hold: float = 0.85
    """accept a restart, and start no further one, if mean P(query) after verification is at least this"""
    accept: float = -1.0
    """and L_INV + L_NESY over the training data, both at most 0, are at least this in sum"""
    accept_queries: int = 25
    """with fewer queries than this all restarts are made: few can be satisfied under a wrong permutation"""
    entropy_start: float = -1.0
    """weight of the entropy in L_INV when a restart begins; it rises to 1 (1: no annealing, the paper's)"""
    naming_every: int = 50
    """steps between two searches for a better permutation of the clusters; 0 for none"""
    reconsider: int = 100
    """steps of verification: without logic, and with it if a better permutation is then found; 0: none"""
    rounds: int = 3
    """times that a better permutation may be found in this way"""
    schedule: Literal["cosine", "constant"] = "cosine"
    """of the learning rate: warmed up, then a cosine to 0, in every phase; or always the same"""
    warmup: int = 50
    """steps in which it rises"""

    def __post_init__(self) -> None:
        table.checked(self.objective)
        for name in ("attempts", "attempts_without_queries", "explore", "warmup", "rounds"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("cluster", "refine", "naming_every", "reconsider"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}={getattr(self, name)} must not be negative")
        if self.entropy_start > 1:
            raise ConfigError(f"entropy_start={self.entropy_start} must be at most 1")

    @property
    def first_steps(self) -> int:
        """Steps of a restart that is accepted, or is worse than another one, before the refinement."""
        return self.cluster + self.explore + self.reconsider

    @property
    def max_steps(self) -> int:
        """Steps if all restarts are made, and all find a better permutation in every round."""
        return self.attempts * (self.cluster + self.explore + 2 * self.rounds * self.reconsider) + self.refine


FEATURES_RATE = 1.28
"""Of the optimizer, times the number of features: a step then changes a logit by as much, however many there are."""


def features_config(num_features: int) -> TrainConfig:
    """The recipe for linear heads on frozen features, whose clusters come before their names; without L_GEN.

    Restarts are cheap, and all of them are made: photographs are never read as surely as accepting one asks for.
    """
    return TrainConfig(
        objective=table.METHODS["GEDI no gen"],
        step=StepConfig(batch_size=96, learning_rate=FEATURES_RATE / num_features),
        attempts=4,
        cluster=350,
        explore=150,
        refine=400,
    )
