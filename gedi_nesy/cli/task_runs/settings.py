"""How long and how `train` learns, from what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.errors import ConfigError
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.training.config import TrainConfig, features_config

USUAL = TrainConfig()


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How long, and how often from the start."""

    steps: int = USUAL.explore + USUAL.refine
    """of a restart and its refinement"""
    restarts: int = USUAL.attempts
    """at the most"""
    pretrain: PretrainConfig | None = None
    """features first, in steps of their own"""

    def __post_init__(self) -> None:
        if self.steps < 4:
            raise ConfigError(f"--steps {self.steps} must be at least 4")
        if self.restarts < 1:
            raise ConfigError(f"--restarts {self.restarts} must be at least 1")


_FEATURES = features_config(1)
ON_FEATURES = TrainSettings(
    steps=_FEATURES.cluster + _FEATURES.explore + _FEATURES.refine, restarts=_FEATURES.attempts
)
"""As long as features take, however many there are."""


def task_config(
    settings: TrainSettings, image_shapes: Sequence[tuple[int, ...]], num_features: int | None = None
) -> TrainConfig:
    """The usual recipe, its phases in proportion to the steps, its shifts in proportion to the size of images.

    `num_features` are those of frozen features, if there are some.
    """
    recipe = USUAL if num_features is None else features_config(num_features)
    share = settings.steps / (recipe.cluster + recipe.explore + recipe.refine)
    cluster = round(share * recipe.cluster)
    explore = max(1, round(share * recipe.explore))
    sides = [min(shape[1:]) for shape in image_shapes if len(shape) == 3]
    scale = min(sides, default=28) / 28
    usual = WarpConfig()
    warp = replace(usual, translate=usual.translate * scale, elastic=usual.elastic * scale)
    return replace(
        recipe,
        step=replace(recipe.step, warp=warp),
        attempts=settings.restarts,
        cluster=cluster,
        explore=explore,
        refine=settings.steps - cluster - explore,
        reconsider=max(1, round(share * recipe.reconsider)),
    )
