"""How rows are trained: `fast`, made for two cores, and `paper`, Tables 4 and 5 of the paper."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple

from torch import nn

from benchmarks.images.rows import Row
from gedi_nesy.augmentation import photographs
from gedi_nesy.augmentation.photographs import PhotographConfig
from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.cluster.images import EXPLORE_SHARE
from gedi_nesy.data.queries import Augment
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.precision import PrecisionChoice
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.training.config import StepConfig, TrainConfig

Preset = Literal["fast"]
FAST_STEPS, FAST_WIDTH = 2000, 32
FIRST_SHARE = 0.6
"""Of the steps of a row that learns features first, those in which it does."""


class Size(NamedTuple):
    """How long, and how wide."""

    steps: int
    width: int


def size_of(preset: Preset, steps: int | None, width: int | None) -> Size:
    """What is given, and the preset's where nothing is."""
    return Size(steps or FAST_STEPS, width or FAST_WIDTH)


def pretrain_config(row: Row, size: Size) -> PretrainConfig | None:
    """A row that learns features first does so for a part of its steps, on as many images a step as all rows."""
    if row.first is None:
        return None
    steps = max(2, round(FIRST_SHARE * size.steps))
    return PretrainConfig(term=row.first, steps=steps, batch_size=StepConfig().batch_unlabelled)


def train_config(
    row: Row, size: Size, image_shape: tuple[int, ...], precision: PrecisionChoice = "float32"
) -> TrainConfig:
    """One restart, annealed without L_GEN where the row has clusters to find, then the refinement with all terms."""
    assert row.objective is not None
    first = pretrain_config(row, size)
    steps = max(2, size.steps - (first.steps if first else 0))
    explore = max(1, round(EXPLORE_SHARE * steps)) if row.clusters else 1
    scale, usual = min(image_shape[1:]) / 28, WarpConfig()
    warp = replace(usual, translate=usual.translate * scale, elastic=usual.elastic * scale)
    return TrainConfig(
        objective=row.objective,
        step=StepConfig(warp=warp, precision=precision),
        explore=explore,
        refine=steps - explore,
    )


def augment(image_shape: tuple[int, ...]) -> Augment | None:
    """SimCLR's views of images in colour; None, the warps of `train_config`, for grey ones, which may be digits."""
    return partial(photographs.augment, config=PhotographConfig()) if image_shape[0] == 3 else None


def backbone(size: Size, image_shape: tuple[int, ...]) -> Callable[[], nn.Module]:
    """What makes the row's network."""
    channels, *side = image_shape
    return partial(ConvNet, channels, side, width=size.width)
