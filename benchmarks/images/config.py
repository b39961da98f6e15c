"""The flags of the images benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from benchmarks.images.others import FILES, MADE
from benchmarks.images.presets.recipe import Asked, Images, Recipe
from benchmarks.images.presets.table import PRESETS, Preset
from benchmarks.images.rows import OF_FEATURES, OF_PIXELS, Row, RowName
from benchmarks.runner.config import DataRootFlag, RecordedConfig
from benchmarks.runner.flags import OPTIONS, OUTPUT, SAVED, Flag
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.data.images import CHOICES
from gedi_nesy.errors import ConfigError
from gedi_nesy.features.encoders import DEFAULT
from gedi_nesy.models.precision import PrecisionChoice

FOLDER = "folder"
if TYPE_CHECKING:
    SetName = str
else:
    SetName = Literal[(*SOURCES, FOLDER)]
OWN = "folder: your own, --data-root DIR with a sub-folder a class (or train/CLASS and test/CLASS)"


@dataclass(frozen=True, kw_only=True)
class ImagesConfig(RecordedConfig):
    """Cluster, represent, generate and recognise images without labels: all methods in one protocol."""

    dataset: Annotated[SetName, tyro.conf.arg(help=f"{CHOICES}; {OWN}")] = "mnist5k"
    data_root: DataRootFlag = None
    methods: tuple[RowName, ...] = OF_PIXELS
    """the rows of the table; "+ L_GEN" adds an energy-based likelihood to a self-supervised method"""
    features: bool = False
    """also the rows that read features of --encoder: k-means on features, GEDI on features"""
    preset: Preset = "fast"
    """fast: ours, minutes a seed on two cores; paper: Tables 4 and 5 of the paper (ResNet8, F clusters, all epochs),
    for a GPU"""
    study: Literal["entropy-reconstruction"] | None = None
    """in place of the table: both parts of a bound on the mutual information of two views, H(Z') + E log q(z'|z),
    tracked for every method while it trains; and ER, which maximises it, beside its parents at batch sizes 16 to 256
    and momenta of the teacher from 0.5 to 0.999 (docs/images.md)"""
    iterations: int | None = None
    """training steps of each row (default: the preset's; of --study 500 at 128 images a step)"""
    width: int | None = None
    """channels of the network's first layer (default: the preset's)"""
    chains: Annotated[int | None, tyro.conf.arg(name="sgld-batch-size")] = None
    """Langevin chains moved a step (default: the preset's)"""
    precision: PrecisionChoice | None = None
    """of the encoder in training; auto: bfloat16 where the processor has instructions for it, else float32 (default:
    the preset's; of --study float32)"""
    seeds: tuple[int, ...] = (0, 1, 2)
    """each draws its own network, batches and chains"""
    others: tuple[str, ...] = tuple(dict.fromkeys((*MADE, *FILES)))
    """sets to tell unseen images from: these, or whatever is called so below --others-root; the missing are left out"""
    others_root: Path | None = None
    """folder that holds them: FashionMNIST/raw, usps.t.bz2, omniglot/, letters.npy, ... (default: --data-root)"""
    encoder: str = DEFAULT
    """frozen encoder of --features and of the distances between samples and images; or a model of timm"""

    CHOSEN_BY: ClassVar = ("methods",)
    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: (
            "dataset",
            "data_root",
            "methods",
            "seeds",
            "preset",
            "study",
            "iterations",
            "out",
            "resume",
            "workers",
            "device",
        ),
        "network and features": ("width", "precision", "chains", "features", "encoder"),
        "other images": ("others", "others_root"),
        OUTPUT: SAVED,
    }

    def rows(self) -> tuple[RowName, ...]:
        """Those asked for, and with --features those that read features."""
        more = OF_FEATURES if self.features else ()
        return (*self.methods, *(name for name in more if name not in self.methods))

    def check(self) -> None:
        """ConfigError names what does not fit."""
        if not self.methods:
            raise ConfigError("--methods: at least one is needed")
        if len(set(self.methods)) < len(self.methods):
            raise ConfigError(f"--methods {' '.join(self.methods)}: one is given twice")
        if self.iterations is not None and self.iterations < 2:
            raise ConfigError(f"--iterations {self.iterations} must be at least 2")
        if self.chains is not None and self.chains < 1:
            raise ConfigError(f"--sgld-batch-size {self.chains} must be at least 1")
        if self.width is not None and self.width < 1:
            raise ConfigError(f"--width {self.width} must be at least 1")
        if self.dataset == FOLDER and self.data_root is None:
            raise ConfigError("--dataset folder needs --data-root DIR, a folder with a sub-folder a class")

    def recipe(self, row: Row, dataset: Dataset) -> Recipe:
        """How a row with a network of its own is trained: what is given, and the preset's where nothing is."""
        images = dataset.train.images
        shape = tuple(images.shape[1:])
        asked = Asked(self.iterations, self.width, self.chains, self.precision)
        return PRESETS[self.preset](row, Images(self.dataset, len(images), shape, dataset.num_classes), asked)
