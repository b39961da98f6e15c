"""A benchmark that takes no time: a number from each seed and row. Some rows fail, each in a way of its own."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from rich.console import Console

from benchmarks.runner.benchmark import Benchmark, Failed, Job, Place, Run
from benchmarks.runner.command_line import main
from benchmarks.runner.config import RunConfig
from benchmarks.runner.results import summarise
from gedi_nesy.errors import ConfigError
from gedi_nesy.training.divergence import DivergedError


@dataclass(frozen=True, kw_only=True)
class TinyConfig(RunConfig):
    """Numbers from seeds."""

    rows: tuple[str, ...] = ("plain", "square")
    """plain, square; diverges, void, refuses, breaks, dies, disk, stops, waits"""
    scale: float = 1.0

    CHOSEN_BY: ClassVar = ("rows",)


def jobs(config: TinyConfig) -> list[Job]:
    return [
        Job(
            name=f"{row}, seed {seed}",
            folder=f"{row}/seed-{seed}",
            runs=({"row": row, "seed": seed},),
            task=row,
        )
        for row in config.rows
        for seed in config.seeds
    ]


def run_one(config: TinyConfig, job: Job, place: Place) -> list[Run | Failed]:
    (identity,) = job.runs
    match job.task:
        case "diverges":
            raise DivergedError("the loss is nan")
        case "void":
            return [Failed("this seed diverged")]
        case "refuses":
            raise ConfigError("eps would be 0")
        case "breaks":
            raise KeyError("ours")
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "disk":
            raise OSError(28, "No space left on device", str(place.folder / "model"))
        case "waits":
            (place.folder / "begun").write_text(str(os.getpid()))
            time.sleep(600)
    (place.folder / "checkpoints").mkdir(exist_ok=True)
    (place.folder / "checkpoints" / "checkpoint-00000001.safetensors").touch()
    generator = torch.Generator().manual_seed(identity["seed"])
    # a sum whose last bits know how many threads added it up
    value = config.scale * torch.randn(300_000, generator=generator).sum().item()
    place.say(f"{job.name}: done with {torch.get_num_threads()} threads")
    return [{**identity, "metrics": {"value": value**2 if job.task == "square" else value}}]


def body(config: TinyConfig, runs: Sequence[Run]) -> dict:
    return {"summary": summarise([run["metrics"] for run in runs])}


def report(config: TinyConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    console.print(f"a table of {len(runs)} runs")


BENCHMARK = Benchmark(name="tiny", config=TinyConfig, jobs=jobs, run_one=run_one, body=body, report=report)


def cli() -> None:
    main(BENCHMARK)


if __name__ == "__main__":
    cli()
