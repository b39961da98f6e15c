"""What the shortcuts benchmark is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.runner.config import DataRootFlag, DatasetFlag, RecordedConfig
from benchmarks.runner.flags import OPTIONS, OUTPUT, PLACE, SAVED, Flag
from benchmarks.shortcuts.tasks import PLAIN_ROWS, TASKS, RowName, TaskName
from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Budgeted:
    """What a row is given: queries to train on, labels, steps and the width of the network."""

    queries: int
    labels: int
    explore: int
    refine: int
    attempts: int
    width: int


@dataclass(frozen=True, kw_only=True)
class ShortcutsConfig(RecordedConfig):
    """Which maps do networks land on, with and without the terms of GEDI?"""

    tasks: tuple[TaskName, ...] = ("half", "even_odd", "triples", "sums", "xor")
    """half, even_odd: sums of a few pairs; triples: a + b = c; sums: all sums; xor: parity of two bits"""
    rows: tuple[RowName, ...] = PLAIN_ROWS
    """which terms join the constraint; `, search`: with the restarts and the search that L_INV's rows have"""
    labels: int = 0
    """labelled images in all, drawn from those in queries"""
    dataset: DatasetFlag = "mnist5k"
    data_root: DataRootFlag = None
    queries: int | None = None
    """training queries (default: those of rsbench, fewer on the small data sets that come with a package)"""
    iterations: int = 1000
    """steps of the refinement, after the restarts"""
    explore: int = 350
    """steps of a restart"""
    attempts: int = 8
    """random restarts at the most; the best by the training objective is refined"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""

    CHOSEN_BY: ClassVar = ("tasks", "rows")
    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: (
            "tasks",
            "rows",
            Flag("labels", name="num-labels"),
            "queries",
            *PLACE,
        ),
        "training": (
            Flag("attempts", name="max-restarts"),
            Flag("explore", name="restart-steps"),
            Flag("iterations", name="refine-steps"),
            "width",
        ),
        OUTPUT: SAVED,
    }

    def budget(self, task: TaskName) -> Budgeted:
        """What every run of a task is given; ConfigError names what does not fit."""
        large = SOURCES[self.dataset].fetch is not None
        sizes = TASKS[task].large if large else TASKS[task].small
        queries = sizes[0] if self.queries is None else self.queries
        if queries < 1:
            raise ConfigError(f"--queries {queries} must be at least 1")
        if self.labels < 0:
            raise ConfigError(f"--labels {self.labels} must not be negative")
        return Budgeted(
            queries=queries,
            labels=self.labels,
            explore=self.explore,
            refine=self.iterations,
            attempts=self.attempts,
            width=self.width,
        )

    def check(self) -> None:
        """ConfigError names what does not fit."""
        for name in ("tasks", "rows"):
            given = getattr(self, name)
            if not given:
                raise ConfigError(f"--{name}: at least one is needed")
            if len(set(given)) < len(given):
                raise ConfigError(f"--{name} {' '.join(given)}: one is given twice")
