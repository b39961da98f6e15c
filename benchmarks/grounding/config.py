"""What the grounding benchmark is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmarks.grounding.methods import MOST_SETTINGS, MethodName
from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.runner.config import FirstStageConfig, TaskConfig, check_distinct
from benchmarks.runner.flags import OPTIONS, OUTPUT, PLACE, SAVED, TRAINING, Flag
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
class GroundingConfig(TaskConfig, FirstStageConfig):
    """Learn what symbols mean from rules alone: of numbers, formulas, figures and grids."""

    tasks: tuple[TaskName, ...] = ("addition", "formula", "multi-digit", "sudoku, clues", "kandinsky")
    """rules, and how their queries are drawn"""
    methods: tuple[MethodName, ...] = ("gedi",)
    """what learns them: ours, and side by side with it other objectives, and labels"""
    search: int = 1
    """settings of each method that are tried, three at the most; the best by held-out queries is kept"""
    queries: int = 0
    """queries of a run, a part of which is held out (0: as many as the task has by default)"""

    wrong: float = 0.0
    """share of the queries whose answer is another one than the true one"""
    rare: float = 1.0
    """one symbol, drawn with the seed, is shown so many times less often than the others"""
    extra_images: Literal["all", "none"] = "all"
    """images in no query that are shown besides"""

    CHOSEN_BY: ClassVar = ("tasks", "methods")
    GROUPS: ClassVar[Mapping[str, tuple[Flag | str, ...]]] = {
        OPTIONS: ("tasks", "methods", "search", "queries", "wrong", "rare", "extra_images", "labels", *PLACE),
        "training": (*TRAINING, "pretrain", "pretrain_steps"),
        OUTPUT: SAVED,
    }

    def check(self) -> None:
        """ConfigError names what does not fit."""
        check_distinct("--tasks", self.tasks)
        check_distinct("--methods", self.methods)
        if not 1 <= self.search <= MOST_SETTINGS:
            raise ConfigError(f"--search {self.search} must be 1 to {MOST_SETTINGS}")
        if self.queries and self.queries < 10:
            raise ConfigError(f"--queries {self.queries} must be at least 10, or 0")
        if not 0 <= self.wrong < 1:
            raise ConfigError(
                f"--wrong {self.wrong:g} must be a share of the queries, at least 0 and below 1"
            )
        if not 1 <= self.rare < float("inf"):
            raise ConfigError(f"--rare {self.rare:g} must be finite and at least 1")
        others = [method for method in self.methods if method != "gedi"]
        if self.first_stage() and others:
            raise ConfigError(f"--pretrain {self.pretrain}: belongs to gedi, not to {', '.join(others)}")
        super().check()

    def num_queries(self, task: TaskName) -> int:
        """Of a run of this task."""
        return self.queries or PROBLEMS[task].queries
