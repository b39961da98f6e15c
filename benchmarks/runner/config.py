"""The flags that benchmarks share: where they run, what they write, which seeds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro

from benchmarks.runner.devices import device_of
from benchmarks.runner.folder import agreed_folder, out_folder
from benchmarks.runner.record import check_tensorboard
from gedi_nesy.data.images import CHOICES, PLACES, DatasetName
from gedi_nesy.training import distributed

DatasetFlag = Annotated[DatasetName, tyro.conf.arg(help=CHOICES)]
"""`--dataset`, whose choices and help are the files in `gedi_nesy/data/image_sets`."""
DataRootFlag = Annotated[Path | None, tyro.conf.arg(help=f"folder that holds {PLACES}")]
"""`--data-root`, for those that come with no package."""


@dataclass(frozen=True, kw_only=True)
class PlaceConfig:
    """The flags that every benchmark has: where it runs, and where it writes."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    threads: int = 0
    """CPU threads of torch (0: as torch likes)"""
    out: Path | None = None
    """folder for results, pictures and models (default: runs/BENCHMARK-DATE-TIME)"""
    overwrite: bool = False
    """allow --out to hold results already"""

    def prepare(self, ranks: bool = False) -> torch.device:
        """Set the threads, and find the device; ValueError names what does not fit.

        `ranks` says that the benchmark can run as several processes.
        """
        if self.threads < 0:
            raise ValueError(f"--threads {self.threads} must not be negative")
        if distributed.size() > 1 and not ranks:
            raise ValueError(
                f"{distributed.size()} ranks: this benchmark runs as one process; start it without torchrun"
            )
        device = device_of(self.device)
        if self.threads:
            torch.set_num_threads(self.threads)
        return device

    def folder(self, benchmark: str) -> Path:
        """The folder to write to; ValueError if it holds results and nobody said what to do with them."""
        return out_folder(self.out, benchmark, self.overwrite)


@dataclass(frozen=True, kw_only=True)
class RunConfig(PlaceConfig):
    """And the flags of those that run once a seed."""

    seeds: tuple[int, ...] = (0,)
    """each draws its own data, network and chains"""
    resume: bool = False
    """keep what --out holds already, go on where it was ended, and run what is missing"""
    save_every: float = 30.0
    """seconds between checkpoints, at the least; they take a percent of the time at most (0: every step)"""

    def prepare(self, ranks: bool = False) -> torch.device:
        if not self.seeds:
            raise ValueError("--seeds: at least one is needed")
        if not 0 <= self.save_every < float("inf"):
            raise ValueError(f"--save-every {self.save_every} must be finite and not negative")
        return super().prepare(ranks)

    def folder(self, benchmark: str) -> Path:
        return agreed_folder(lambda: out_folder(self.out, benchmark, self.overwrite, self.resume))


@dataclass(frozen=True, kw_only=True)
class RecordedConfig(RunConfig):
    """And those of the benchmarks that train seed after seed."""

    tensorboard: bool = False
    """also write every step for TensorBoard, in the folder of each seed"""

    def prepare(self, ranks: bool = False) -> torch.device:
        if self.tensorboard:
            check_tensorboard()
        return super().prepare(ranks)
