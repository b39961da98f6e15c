"""What the grounding benchmark is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.runner.config import DataRootFlag, DatasetFlag, RecordedConfig
from benchmarks.runner.flags import OPTIONS, OUTPUT, Flag
from gedi_nesy.errors import ConfigError

TaskName = Literal[
    "addition",
    "product",
    "maximum",
    "parity",
    "clock",
    "multi-digit",
    "sorted",
    "equations",
    "xor",
    "either",
    "formula",
    "formula to 5",
    "kandinsky",
    "kandinsky, one view",
    "sudoku",
    "sudoku, clues",
]


@dataclass(frozen=True, kw_only=True)
class GroundingConfig(RecordedConfig):
    """Learn what symbols mean from rules alone: of numbers, formulas, figures and grids."""

    tasks: tuple[TaskName, ...] = ("addition", "formula", "multi-digit", "sudoku, clues", "kandinsky")
    """rules, and how their queries are drawn"""
    dataset: DatasetFlag = "mnist5k"
    """of the digits; operators and figures are drawn"""
    data_root: DataRootFlag = None
    queries: int = 0
    """queries of a run, a part of which is held out (0: as many as the task has by default)"""
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

    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: ("tasks", "queries", "labels", "dataset", "data_root", "seeds", "out", "resume", "device"),
        "training": (
            Flag("attempts", name="max-restarts"),
            Flag("explore", name="restart-steps"),
            Flag("iterations", name="refine-steps"),
            "weight_gen",
        ),
        OUTPUT: ("overwrite", Flag("save_every", name="checkpoint-seconds")),
    }

    def check(self) -> None:
        """ConfigError names what does not fit."""
        if not self.tasks:
            raise ConfigError("--tasks: at least one is needed")
        if len(set(self.tasks)) < len(self.tasks):
            raise ConfigError(f"--tasks {' '.join(self.tasks)}: one is given twice")
        if self.queries and self.queries < 10:
            raise ConfigError(f"--queries {self.queries} must be at least 10, or 0")
        if self.labels < 0:
            raise ConfigError(f"--labels {self.labels} must not be negative")

    def num_queries(self, task: TaskName) -> int:
        """Of a run of this task."""
        return self.queries or PROBLEMS[task].queries
