"""What the benchmark of rules over photographs is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from benchmarks.runner.config import DataRootFlag, DatasetFlag, RecordedConfig
from benchmarks.runner.flags import OPTIONS, OUTPUT, PLACE, SAVED, Flag
from gedi_nesy.errors import ConfigError
from gedi_nesy.features import encoders
from gedi_nesy.training.config import TrainConfig, features_config

PROGRAM = Path(__file__).parents[2] / "programs" / "addition.pl"
USUAL = features_config(1)


@dataclass(frozen=True, kw_only=True)
class PhotographsConfig(RecordedConfig):
    """Learn what photographs mean from a + b = c alone, on the features of a frozen encoder."""

    dataset: DatasetFlag = "cifar10"
    data_root: DataRootFlag = None
    features: str = encoders.DEFAULT
    """frozen encoder: that name, or a model of timm"""
    images: int = 20_000
    """training images that there are, spread evenly over all: features of each take 30 ms, once"""
    triples: int = 3000
    """triples of these images, the pair of summands uniform over the 55 with a sum of at most 9"""
    extra: bool = False
    """also look at the images that are in no triple"""
    attempts: int = USUAL.attempts
    """random restarts; the best by the training objective is refined"""
    cluster: int = USUAL.cluster
    """steps of a restart without the rule, with which it begins"""
    explore: int = USUAL.explore
    """steps of a restart with the rule"""
    refine: int = USUAL.refine
    """steps of the refinement, after the restarts"""
    batch_size: int = USUAL.step.batch_size
    """queries a step"""

    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: (
            "triples",
            Flag("extra", name="extra-images"),
            "features",
            "images",
            *PLACE,
        ),
        "training": (
            Flag("attempts", name="max-restarts"),
            Flag("cluster", name="cluster-steps"),
            Flag("explore", name="restart-steps"),
            Flag("refine", name="refine-steps"),
            "batch_size",
        ),
        OUTPUT: SAVED,
    }

    def settings(self, num_features: int) -> TrainConfig:
        """What training is given; ConfigError names what does not fit."""
        if self.images < 10:
            raise ConfigError(f"--images {self.images} must be at least 10")
        usual = features_config(num_features)
        return replace(
            usual,
            step=replace(usual.step, batch_size=self.batch_size),
            attempts=self.attempts,
            cluster=self.cluster,
            explore=self.explore,
            refine=self.refine,
        )
