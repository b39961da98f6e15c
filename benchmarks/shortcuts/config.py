"""What the shortcuts benchmark is asked."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.config import DataRootFlag, DatasetFlag, RecordedConfig
from benchmarks.shortcuts.tasks import TASKS, TaskName
from gedi_nesy.data.image_sets import SOURCES

RowName = Literal["constraint alone", "+ entropy", "+ prior", "+ inv and prior", "all four"]


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
    rows: tuple[RowName, ...] = ("constraint alone", "+ entropy", "+ prior", "+ inv and prior", "all four")
    """which terms join the constraint"""
    labels: int = 0
    """labelled images in all, drawn from those in queries"""
    dataset: DatasetFlag = "mnist5k"
    data_root: DataRootFlag = None
    queries: int | None = None
    """training queries (default: those of rsbench, fewer on the small data sets that come with a package)"""
    iterations: int = 1000
    """steps of the refinement, after the attempts"""
    explore: int = 350
    """steps of an attempt"""
    attempts: int = 8
    """short annealed attempts at the most; the best by the training objective is refined"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""

    def budget(self, task: TaskName) -> Budgeted:
        """What every run of a task is given; ValueError names what does not fit."""
        large = SOURCES[self.dataset].fetch is not None
        queries = (
            self.queries
            if self.queries is not None
            else (TASKS[task].large if large else TASKS[task].small)[0]
        )
        if queries < 1:
            raise ValueError(f"--queries {queries} must be at least 1")
        if self.labels < 0:
            raise ValueError(f"--labels {self.labels} must not be negative")
        return Budgeted(
            queries=queries,
            labels=self.labels,
            explore=self.explore,
            refine=self.iterations,
            attempts=self.attempts,
            width=self.width,
        )
