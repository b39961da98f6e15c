"""What ten seeds cost side by side, against one: the same engine, the same steps, interleaved repetitions."""

import statistics
import time
from collections.abc import Sequence

import torch
from rich.console import Console

from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Task
from benchmarks.toy.train import Cell, learn, stack_of

REPETITIONS, STEPS, MANY = 7, 200, 10


def main(config: ToyConfig, tasks: Sequence[Task], device: torch.device, console: Console) -> None:
    """Print the median time of one seed, of ten, and the median of the ratios of neighbouring repetitions."""
    task = tasks[0]
    sets = [
        toy_data.sets(task, config.points, config.test_points, config.noise, seed) for seed in range(MANY)
    ]
    weights = config.weights()
    settings = toy_methods.config_of("GEDI", config.preset, STEPS)

    def seconds(count: int) -> float:
        cells = [Cell(seed, 0, sets[seed], weights) for seed in range(count)]
        begun = time.perf_counter()
        learn(stack_of(cells, config.preset, settings, task.num_clusters, device))
        return time.perf_counter() - begun

    for count in (1, MANY):
        seconds(count)
    pairs = [(seconds(1), seconds(MANY)) for _ in range(REPETITIONS)]
    one, many = (1000 * statistics.median(times) / STEPS for times in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    console.print(
        f"{task.name}, {config.preset} preset, {torch.get_num_threads()} threads: a step takes {one:.2f} ms with "
        f"one seed and {many:.2f} ms with {MANY} (medians of {REPETITIONS}); ratio {ratio:.2f}",
        highlight=False,
        soft_wrap=True,
    )
