"""What the verdict benchmark is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.runner.config import DataRootFlag, DatasetFlag, RecordedConfig
from benchmarks.runner.flags import OPTIONS, OUTPUT, Flag
from benchmarks.verdict.rows import STUDY, RowName
from gedi_nesy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class VerdictConfig(RecordedConfig):
    """Does a verdict say without labels what labels would?"""

    rows: tuple[RowName, ...] = STUDY
    """rules, and ways to fail"""
    dataset: DatasetFlag = "mnist5k"
    data_root: DataRootFlag = None
    images: int = 4000
    """images of the training part that a run is given"""
    queries: int = 400
    """queries of a run, a part of which is held out"""
    labels: int = 0
    """images whose symbol is told, at the most, where several readings are left: those that `worth_labelling` names;
    then all is trained again"""
    iterations: int = 1000
    """steps of the refinement, after the restarts"""
    explore: int = 350
    """steps of a restart"""
    attempts: int = 8
    """random restarts at the most; the best by the training objective is refined"""
    weight_gen: float = 0.1
    """of L_GEN; 0 is several times as fast, and energies then say nothing"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""

    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: (
            "rows",
            "queries",
            "labels",
            "images",
            "dataset",
            "data_root",
            "seeds",
            "out",
            "resume",
            "device",
        ),
        "training": (
            Flag("attempts", name="max-restarts"),
            Flag("explore", name="restart-steps"),
            Flag("iterations", name="refine-steps"),
            "weight_gen",
            "width",
        ),
        OUTPUT: ("overwrite", Flag("save_every", name="checkpoint-seconds")),
    }

    def check(self) -> None:
        """ConfigError names what does not fit."""
        if not self.rows:
            raise ConfigError("--rows: at least one is needed")
        if len(set(self.rows)) < len(self.rows):
            raise ConfigError(f"--rows {' '.join(self.rows)}: one is given twice")
        for name in ("queries", "images"):
            if getattr(self, name) < 10:
                raise ConfigError(f"--{name} {getattr(self, name)} must be at least 10")
        if self.labels < 0:
            raise ConfigError(f"--labels {self.labels} must not be negative")
