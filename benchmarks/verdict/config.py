"""What the verdict benchmark is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.runner.config import TaskConfig, check_distinct
from benchmarks.runner.flags import OPTIONS, OUTPUT, PLACE, SAVED, TRAINING, Flag
from benchmarks.verdict.rows import STUDY, RowName
from gedi_nesy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class VerdictConfig(TaskConfig):
    """Does a verdict say without labels what labels would?"""

    rows: tuple[RowName, ...] = STUDY
    """rules, and ways to fail"""
    images: int = 4000
    """images of the training part that a run is given"""
    queries: int = 400
    """queries of a run, a part of which is held out"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""

    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: (
            "rows",
            "queries",
            "labels",
            "images",
            *PLACE,
        ),
        "training": (*TRAINING, "width"),
        OUTPUT: SAVED,
    }

    def check(self) -> None:
        """ConfigError names what does not fit."""
        check_distinct("--rows", self.rows)
        for name in ("queries", "images"):
            if getattr(self, name) < 10:
                raise ConfigError(f"--{name} {getattr(self, name)} must be at least 10")
        super().check()
