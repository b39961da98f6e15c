"""The flags that benchmarks share: where they run, what they write, which seeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import torch
import tyro

from benchmarks.runner.devices import device_of
from benchmarks.runner.record import check_tensorboard
from gedi_nesy.data.images import CHOICES, PLACES, DatasetName
from gedi_nesy.errors import ConfigError
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.pretraining import config as pretraining
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.training import distributed
from gedi_nesy.training.config import StepConfig, TrainConfig

DatasetFlag = Annotated[DatasetName, tyro.conf.arg(help=CHOICES)]
DataRootFlag = Annotated[Path | None, tyro.conf.arg(help=f"folder that holds {PLACES}")]
"""`--dataset` and `--data-root`, whose choices and help are the files in `gedi_nesy/data/image_sets`."""


if TYPE_CHECKING:
    PretrainFlag = str
else:
    PretrainFlag = Literal[("none", *pretraining.CHOICES)]
"""`--pretrain`, whose choices are the library's terms."""


@dataclass(frozen=True, kw_only=True)
class PlaceConfig:
    """The flags that every benchmark has: where it runs, and where it writes."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    threads: int = 0
    """CPU threads of torch, all workers together (0: as torch likes)"""
    out: Path | None = None
    """folder for results, pictures and models (default: runs/BENCHMARK-DATE-TIME)"""
    overwrite: bool = False
    """allow --out to hold results already"""

    CHOSEN_BY: ClassVar[tuple[str, ...]] = ()
    """Settings that choose runs and change none, as the seeds do: with --resume others may be asked for."""

    def prepare(self, ranks: bool = False) -> torch.device:
        """Set the threads, and find the device; ConfigError names what does not fit.

        `ranks` says that the benchmark can run as several processes.
        """
        if self.threads < 0:
            raise ConfigError(f"--threads {self.threads} must not be negative")
        if distributed.size() > 1 and not ranks:
            raise ConfigError(
                f"{distributed.size()} ranks: this benchmark runs as one process; start it without torchrun"
            )
        device = device_of(self.device)
        if self.threads:
            torch.set_num_threads(self.threads)
        return device


@dataclass(frozen=True, kw_only=True)
class RunConfig(PlaceConfig):
    """And the flags of those that run once a seed."""

    seeds: tuple[int, ...] = (0,)
    """each draws its own data, network and chains"""
    resume: bool = False
    """keep what --out holds already, go on where it was ended, and run what is missing"""
    save_every: float = 30.0
    """seconds between checkpoints, at the least; they take a percent of the time at most (0: every step)"""
    workers: int = 1
    """runs that train side by side, each in a process of its own with its share of --threads"""
    backend: Literal["loky", "dask"] = "loky"
    """of joblib, for --workers: loky, processes on this machine; dask, those of a cluster that --scheduler names"""
    scheduler: str | None = None
    """address of a Dask scheduler, tcp://HOST:PORT; its workers must see this code and --out"""

    def prepare(self, ranks: bool = False) -> torch.device:
        if not self.seeds:
            raise ConfigError("--seeds: at least one is needed")
        for seed in self.seeds:
            if self.seeds.count(seed) > 1:
                raise ConfigError(f"--seeds {' '.join(map(str, self.seeds))}: {seed} is given twice")
            if seed < 0:
                raise ConfigError(f"--seeds {seed} must not be negative")
        if not 0 <= self.save_every < float("inf"):
            raise ConfigError(f"--save-every {self.save_every} must be finite and not negative")
        if self.workers < 1:
            raise ConfigError(f"--workers {self.workers} must be at least 1")
        if self.workers > 1 and distributed.size() > 1:
            raise ConfigError(
                f"--workers {self.workers}: under torchrun the ranks share each run; use one of both"
            )
        if (self.backend == "dask") != (self.scheduler is not None):
            raise ConfigError("--backend dask and --scheduler ADDRESS need each other")
        return super().prepare(ranks)


@dataclass(frozen=True, kw_only=True)
class RecordedConfig(RunConfig):
    """And those of the benchmarks that train seed after seed."""

    tensorboard: bool = False
    """also write every step for TensorBoard, in the folder of each seed"""

    def prepare(self, ranks: bool = False) -> torch.device:
        if self.tensorboard:
            check_tensorboard()
        return super().prepare(ranks)


@dataclass(frozen=True, kw_only=True)
class TaskConfig(RecordedConfig):
    """And those of benchmarks that train tasks by `learn_task`, and ask for labels where several readings are left."""

    dataset: DatasetFlag = "mnist5k"
    data_root: DataRootFlag = None
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

    def check(self) -> None:
        """ConfigError names what does not fit."""
        if self.labels < 0:
            raise ConfigError(f"--labels {self.labels} must not be negative")

    def training(self, weights: Mapping[str, float] | None = None) -> TrainConfig:
        """The library's defaults but for the flags, and for other `weights` of terms."""
        return TrainConfig(
            objective={**METHODS["GEDI"], "gen": self.weight_gen, **(weights or {})},
            explore=self.explore,
            refine=self.iterations,
            attempts=self.attempts,
        )


@dataclass(frozen=True, kw_only=True)
class FirstStageConfig:
    """And those of benchmarks whose networks may learn features or clusters first."""

    pretrain: PretrainFlag = "none"
    """a stage before the rule counts: inv, clusters by L_INV + L_PRIOR and new heads, or features by a self-supervised
    term; none: one stage"""
    pretrain_steps: int = 800
    """steps of that stage"""

    def first_stage(self) -> PretrainConfig | None:
        """As `learn` takes it, on as many images a step as there are further ones; ConfigError for too few steps."""
        if self.pretrain == "none":
            return None
        batch_size = StepConfig().batch_unlabelled
        return PretrainConfig(term=self.pretrain, steps=self.pretrain_steps, batch_size=batch_size)


def check_distinct(flag: str, given: tuple[str, ...]) -> None:
    """ConfigError if none is given, or one twice."""
    if not given:
        raise ConfigError(f"{flag}: at least one is needed")
    if len(set(given)) < len(given):
        raise ConfigError(f"{flag} {' '.join(given)}: one is given twice")
