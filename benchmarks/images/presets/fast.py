"""`fast`: ours, minutes a seed on two cores."""

from dataclasses import replace
from functools import partial

from benchmarks.images.presets.recipe import Asked, Images, Recipe
from benchmarks.images.rows import Row
from gedi_nesy.augmentation import photographs
from gedi_nesy.augmentation.photographs import PhotographConfig
from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.cluster.images import EXPLORE_SHARE, FIRST_SHARE
from gedi_nesy.data.queries import Augment
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.precision import PrecisionChoice
from gedi_nesy.pretraining.config import CLUSTERS, SELF_SUPERVISED, PretrainConfig
from gedi_nesy.training.config import StepConfig, TrainConfig

STEPS, WIDTH = 2800, 32
FIRST_SHARES = {CLUSTERS: FIRST_SHARE, **dict.fromkeys(SELF_SUPERVISED, 0.6)}
"""Of the steps of a row that learns in two stages, those of the first."""


def recipe(row: Row, images: Images, asked: Asked) -> Recipe:
    """Rows that have clusters to find begin with L_INV + L_PRIOR, annealed, and new heads; then all terms count."""
    steps = asked.steps or STEPS
    channels, *side = images.shape
    return Recipe(
        train=train_config(row, steps, images.shape, asked),
        make_backbone=partial(ConvNet, channels, side, width=asked.width or WIDTH),
        num_clusters=images.classes,
        augment=augment(images.shape),
        pretrain=pretrain_config(row, steps),
    )


def pretrain_config(row: Row, steps: int) -> PretrainConfig | None:
    """Rows with clusters of their own have two stages, the first on as many images a step as all rows."""
    term = row.first or (CLUSTERS if row.clusters and not row.one_stage else None)
    if term is None:
        return None
    first = max(2, round(FIRST_SHARES[term] * steps))
    return PretrainConfig(term=term, steps=first, batch_size=StepConfig().batch_unlabelled)


def train_config(row: Row, steps: int, image_shape: tuple[int, ...], asked: Asked) -> TrainConfig:
    """Of what is left of the steps after the first stage, which leaves nothing to explore without L_GEN."""
    assert row.objective is not None
    first = pretrain_config(row, steps)
    steps = max(2, steps - (first.steps if first else 0))
    explore = max(1, round(EXPLORE_SHARE * steps)) if row.clusters and not first else 1
    return TrainConfig(
        objective=row.objective,
        step=step_config(image_shape, asked.precision or "auto", asked.chains),
        explore=explore,
        refine=steps - explore,
    )


def step_config(image_shape: tuple[int, ...], precision: PrecisionChoice, chains: int | None) -> StepConfig:
    """The library's, with warps as far as images are large."""
    scale, usual = min(image_shape[1:]) / 28, StepConfig()
    warp = WarpConfig(translate=usual.warp.translate * scale, elastic=usual.warp.elastic * scale)
    return replace(usual, warp=warp, precision=precision, batch_samples=chains or usual.batch_samples)


def augment(image_shape: tuple[int, ...]) -> Augment | None:
    """SimCLR's views of images in colour; None, the warps of `step_config`, for grey ones, which may be digits."""
    return partial(photographs.augment, config=PhotographConfig()) if image_shape[0] == 3 else None
