"""What every benchmark shares: its folder, results.json, versions, device, and errors of one line."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import torch
import tyro
from rich.console import Console

from benchmarks.record import check_tensorboard
from gedi_nesy.training import distributed
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.durability.manager import StoppedError

RESULTS_FILE = "results.json"
CHECKPOINTS = "checkpoints"
"""folder of a run that is not finished, in that of its seed"""
PACKAGES = (
    "torch",
    "torchvision",
    "deepproblog",
    "problog",
    "PySDD",
    "klaycircuits",
    "numpy",
    "scikit-learn",
)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What a user can mend (a wrong value, file or program; a diverged run) is one line and exit code 2.

    A run that was ended by a signal has the exit code that shells expect, 128 + its number.
    """
    try:
        yield
    except (ValueError, OSError, DivergedError) as error:
        if os.environ.get("GEDI_NESY_TRACEBACK"):
            raise
        where = f" (rank {distributed.rank()})" if distributed.rank() else ""
        print(f"error{where}: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except StoppedError as stopped:
        print(f"{stopped}; pass --resume to go on", file=sys.stderr)
        sys.exit(128 + stopped.signal)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def out_folder(out: Path | None, benchmark: str, overwrite: bool, resume: bool = False) -> Path:
    """The folder to write to; without --out a new one under runs/. ValueError if it holds results already."""
    if out is None:
        if resume:
            raise ValueError("--resume needs --out DIR, the folder of the run to go on with")
        out = Path("runs") / f"{benchmark}-{datetime.now():%Y%m%d-%H%M%S}"
    if (out / RESULTS_FILE).exists() and not (overwrite or resume):
        raise ValueError(
            f"--out {out} already holds {RESULTS_FILE}; choose another folder, or pass --resume or --overwrite"
        )
    if not (overwrite or resume) and any(out.rglob("checkpoint-*.safetensors")):
        raise ValueError(
            f"--out {out} holds a run that was ended; pass --resume to go on with it, or --overwrite to begin anew"
        )
    out.mkdir(parents=True, exist_ok=True)
    return out


def agreed_folder(find: Callable[[], Path]) -> Path:
    """What rank 0 finds, for all ranks; or the ValueError that it meets."""
    found = error = ""
    if distributed.first():
        try:
            found = str(find())
        except ValueError as met:
            error = str(met)
    found, error = distributed.agreed_document([found, error])
    if error:
        raise ValueError(error)
    return Path(found)


def console() -> Console:
    """Where to print; only rank 0 does."""
    return Console(quiet=not distributed.first())


NOT_PART_OF_A_RUN = ("seeds", "out", "overwrite", "resume", "threads", "save_every", "tensorboard")


def finished_runs(folder: Path, config: Mapping) -> list[dict]:
    """The runs that results.json in `folder` holds; ValueError if they were made with other settings."""
    file = folder / RESULTS_FILE
    if not file.exists():
        return []
    try:
        document = json.loads(file.read_text())
        before, runs = document["config"], document["runs"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{file} is damaged and cannot be resumed; pass --overwrite to begin anew"
        ) from error
    now = json.loads(json.dumps(config, default=str))
    changed = [name for name in now if name not in NOT_PART_OF_A_RUN and now[name] != before.get(name)]
    if changed:
        differences = ", ".join(f"{name} was {before.get(name)}, is {now[name]}" for name in changed)
        raise ValueError(f"--resume {folder}: other settings than before: {differences}")
    return runs


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


Config = TypeVar("Config")


def run_cli(config: type[Config], main: Callable[[Config], None], name: str) -> None:
    """Read the flags of the dataclass `config` from the command line, and run; errors are one line."""
    with one_line_errors(), distributed.joined():
        main(tyro.cli(config, prog=f"python -m benchmarks.{name}", config=(tyro.conf.FlagCreatePairsOff,)))


def device_of(name: str) -> torch.device:
    """`auto` is the GPU if there is one, of several ranks each its own. ValueError for a device this machine lacks."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and distributed.size() > 1:
        name = f"cuda:{torch.cuda.current_device()}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"--device {name}: {str(error).splitlines()[0]}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device {name}: this machine has no CUDA device; use --device cpu or auto")
    return device


def summarise(runs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median, mean, standard deviation (of the sample), minimum and maximum of every metric over the runs."""
    return {
        name: {
            "median": statistics.median(values),
            "mean": statistics.fmean(values),
            "std": statistics.stdev(values) if len(values) > 1 else 0.0,
            "min": min(values),
            "max": max(values),
        }
        for name in runs[0]
        if (values := [run[name] for run in runs])
    }


def write_results(folder: Path, benchmark: str, config: Mapping, device: torch.device, body: Mapping) -> Path:
    """results.json, written whole or not at all; `body` holds runs, summary and what else a benchmark has to say."""
    document = {**about(benchmark, config, device), **body}
    target, partial = folder / RESULTS_FILE, folder / f".{RESULTS_FILE}.partial"
    partial.write_text(json.dumps(document, indent=2, default=str) + "\n")
    partial.replace(target)
    return target


def about(benchmark: str, config: Mapping, device: torch.device) -> dict[str, Any]:
    """What was asked, of which code, on what: the head of results.json, and of every run.json."""
    return {
        "benchmark": benchmark,
        "config": config,
        "versions": {name: version(name) for name in PACKAGES} | {"python": sys.version.split()[0]},
        "commit": commit(),
        "device": described(device),
        "ranks": distributed.size(),
    }


def commit() -> str:
    """The commit of this code, `unknown` outside of git."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def described(device: torch.device) -> str:
    """`cuda NVIDIA ...`, `cpu (2 cores, 1 threads)`."""
    if device.type == "cuda":
        return f"{device} {torch.cuda.get_device_name(device)}"
    return f"{device} ({os.cpu_count()} cores, {torch.get_num_threads()} threads)"
