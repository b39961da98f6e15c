"""What ten vectorised seeds cost, against one: the same engine, the same steps, interleaved repetitions."""

import statistics
import time
from collections.abc import Sequence

import torch
from rich.console import Console

from benchmarks.runner.benchmark import Job, Place, Run
from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.trained.stack import Cell, learn, stack_of
from gedi_nesy.training.divergence import DivergedError

REPETITIONS, STEPS, MANY = 7, 200, 10


def jobs(config: ToyConfig) -> list[Job]:
    """One, of the first data set."""
    if config.workers > 1:
        raise ValueError(f"--workers {config.workers}: times are taken one after the other")
    task = toy_data.task(config.dataset[0], config.num_clusters)
    return [Job(name=task.name, folder=".", runs=({"seed": 0, "dataset": task.name},), task=task)]


def run_one(config: ToyConfig, job: Job, place: Place) -> list[Run]:
    """The median time of one seed, of ten, and the median of the ratios of neighbouring repetitions."""
    sets = [
        toy_data.sets(job.task, config.points, config.test_points, config.noise, seed) for seed in range(MANY)
    ]
    weights = config.weights()
    settings = toy_methods.config_of("GEDI", config.preset, STEPS)

    def seconds(count: int) -> float:
        cells = [Cell(seed, 0, sets[seed], weights) for seed in range(count)]
        begun = time.perf_counter()
        learner = stack_of(cells, config.preset, settings, job.task.num_clusters, place.device)
        learn(learner)
        if learner.diverged.any():
            raise DivergedError(
                "training diverged: the loss is not finite, and its steps are no measure of time"
            )
        return time.perf_counter() - begun

    for count in (1, MANY):
        seconds(count)
    pairs = [(seconds(1), seconds(MANY)) for _ in range(REPETITIONS)]
    one, many = (1000 * statistics.median(times) / STEPS for times in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    return [{**job.runs[0], "metrics": {"one_seed_ms": one, "many_seeds_ms": many, "ratio": ratio}}]


def report(config: ToyConfig, runs: Sequence[Run], console: Console) -> None:
    """A sentence."""
    for run in runs:
        found = run["metrics"]
        console.print(
            f"{run['dataset']}, {config.preset} preset, {torch.get_num_threads()} threads: a step takes "
            f"{found['one_seed_ms']:.2f} ms with one seed and {found['many_seeds_ms']:.2f} ms with {MANY} (medians of "
            f"{REPETITIONS}); ratio {found['ratio']:.2f}",
            highlight=False,
            soft_wrap=True,
        )
