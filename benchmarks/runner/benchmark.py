"""What a benchmark says of itself: its flags, its jobs, how one is done, and what is made of all runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from rich.console import Console
from rich.progress import Progress

from benchmarks.runner.config import PlaceConfig
from benchmarks.runner.folder import CHECKPOINTS

Config = TypeVar("Config", bound=PlaceConfig)
Identity = Mapping[str, Any]
"""What tells a run from the others in results.json: {"row": "all four", "seed": 0}."""
Run = dict[str, Any]
"""What results.json keeps of a run: its identity, `metrics`, and what else a benchmark has to say."""


class Failed(NamedTuple):
    """What stands in the place of a run that failed while others of its job did not."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One cell of the table: rows x data sets x seeds. Its runs train in one process, one or several side by side."""

    name: str
    """for bars, lines and errors"""
    folder: str
    """below --out"""
    runs: tuple[Identity, ...]
    """those that it yields; the ones that are missing, once it is to be done"""
    task: Any = None
    """what `run_one` must know besides; picklable"""


@dataclass(frozen=True)
class Place:
    """Where a job is done: device, folders, and whom to tell what."""

    benchmark: str
    device: torch.device
    out: Path
    folder: Path
    """of this job, below `out`"""
    console: Console
    progress: Progress

    @property
    def checkpoints(self) -> Path:
        """Where the job is saved; removed when its runs stand in results.json."""
        return self.folder / CHECKPOINTS

    def say(self, line: str) -> None:
        """One line for the reader; ranks other than the first are silent."""
        self.console.print(line, highlight=False, soft_wrap=True, markup=False)


def _nothing(*_: Any) -> tuple[()]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Benchmark(Generic[Config]):
    """See `benchmarks/runner/__init__.py`."""

    name: str
    config: type[Config]
    jobs: Callable[[Config], Sequence[Job]]
    """check the settings, and list the work; ValueError names what does not fit"""
    run_one: Callable[[Config, Job, Place], Iterable[Run | Failed]]
    """a run for each of `job.runs`, in their order, or why it failed; of several ranks, the first alone returns them"""
    body: Callable[[Config, Sequence[Run]], Mapping[str, Any]]
    """what results.json holds besides `runs` and its head: `summary`, and what else is made of all runs"""
    report: Callable[[Config, Sequence[Run], Console, Path], None]
    """the closing table, and pictures"""
    preface: Callable[[Config], Iterable[str]] = field(default=_nothing)
    """lines to print before the first job"""
    ranks: bool = False
    """whether torchrun may start it as several processes"""
    timed: bool = False
    """whether its figures are times, so that its jobs must not run side by side"""
    width: int | None = None
    """columns of its table where the output is no terminal"""
