"""All that a row's training takes; a preset makes it of a row, the images and what the flags ask for."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from gedi_nesy.data.queries import Augment
from gedi_nesy.models.precision import PrecisionChoice
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.training.config import TrainConfig


class Asked(NamedTuple):
    """What the flags say; None is left to the preset."""

    steps: int | None = None
    """of the optimizer"""
    width: int | None = None
    """channels of the network's first layer"""
    chains: int | None = None
    """Langevin chains a step"""
    precision: PrecisionChoice | None = None
    """of the encoder"""


class Images(NamedTuple):
    """What a preset knows of the training images."""

    dataset: str
    num: int
    shape: tuple[int, ...]
    """channels, height, width"""
    classes: int


class Recipe(NamedTuple):
    """What `gedi_nesy.learn` is given."""

    train: TrainConfig
    make_backbone: Callable[[], nn.Module]
    num_clusters: int
    augment: Augment | None = None
    """None: the warps of `train`"""
    pretrain: PretrainConfig | None = None
    hidden: int | None = None
    """units of the head's hidden layer; None: a linear head"""
    start_rank: int = 60
    """of the Gaussian at which chains begin; 0: uniform noise"""
