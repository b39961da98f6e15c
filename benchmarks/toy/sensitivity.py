"""NMI of GEDI over pairs of weights (the paper's Figure 2): all cells of a heat map train side by side.

A pair varies from 0 to 50 in steps of 10 while the third weight is the preset's. One attempt a cell: a heat map shows
what the weights do, not what beginning again mends.
"""

import statistics
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations, product
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from benchmarks.runner.progress import bars
from benchmarks.runner.results import write_results
from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Task
from benchmarks.toy.methods import Trained, Triple
from benchmarks.toy.train import Cell, learn, stack_of
from gedi_nesy.metrics import clustering
from gedi_nesy.report import weights

VALUES = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
METHODS: tuple[Trained, ...] = ("GEDI no gen", "GEDI")
CELLS_AT_ONCE = 60
"""Networks in one stack: more of them no longer fit the caches, and are no quicker."""


def main(
    config: ToyConfig, tasks: Sequence[Task], device: torch.device, console: Console, folder: Path
) -> None:
    """Train every triple of weights that some heat map shows, then write results.json and sensitivity.png."""
    pairs = list(combinations(Triple._fields, 2))
    wanted = sorted({_triple(config, pair, values) for pair in pairs for values in product(VALUES, VALUES)})
    scores: dict[tuple[str, Triple], list[float]] = {}
    runs: list[dict] = []
    with bars(console) as progress:
        bar = progress.add_task("sensitivity", total=len(tasks) * len(wanted) * len(config.seeds), terms="")
        for task in tasks:
            sets = {
                seed: toy_data.sets(task, config.points, config.test_points, config.noise, seed)
                for seed in config.seeds
            }
            # without L_GEN there is no energy to walk on, and another sampler would change the step
            for method in METHODS:
                cells = [
                    Cell(seed, 0, sets[seed], triple)
                    for triple, seed in product(wanted, config.seeds)
                    if (triple.gen == 0) == (method == "GEDI no gen")
                ]
                for start in range(0, len(cells), CELLS_AT_ONCE):
                    part = cells[start : start + CELLS_AT_ONCE]
                    for cell, score in zip(part, _scores(method, part, config, task, device), strict=True):
                        scores.setdefault((task.name, cell.weights), []).append(score)
                        runs.append(_run(task, cell, score))
                    progress.update(bar, advance=len(part))
                    body = {"runs": runs, "summary": {}}
                    write_results(folder, "toy", asdict(config), device, body)
    maps = {task.name: {pair: _map(config, task, pair, scores) for pair in pairs} for task in tasks}
    weights.sensitivity(maps, VALUES, folder / "sensitivity.png")
    for dataset, found in maps.items():
        for (first, second), values in found.items():
            share = float((values >= 0.95).mean())
            console.print(
                f"{dataset}, {first} and {second}: mean NMI at least 0.95 in {share:.0%} of the cells",
                highlight=False,
            )
    console.print(f"results and heat maps: {folder}", highlight=False)


def _triple(config: ToyConfig, pair: tuple[str, str], values: tuple[float, float]) -> Triple:
    return config.weights()._replace(**dict(zip(pair, values, strict=True)))


def _scores(
    method: Trained, cells: Sequence[Cell], config: ToyConfig, task: Task, device: torch.device
) -> list[float]:
    """NMI on the test points, of each cell."""
    settings = toy_methods.config_of(method, config.preset, config.iterations)
    learner = stack_of(cells, config.preset, settings, task.num_clusters, device)
    learn(learner)
    with torch.no_grad():
        inputs = torch.stack([cell.sets.test.inputs for cell in cells]).to(device)
        predictions: Tensor = learner.forward(learner.average, inputs).argmax(dim=2).cpu()
    return [
        clustering.nmi(cell.sets.test.labels.numpy(), predicted.numpy())
        for cell, predicted in zip(cells, predictions, strict=True)
    ]


def _run(task: Task, cell: Cell, score: float) -> dict:
    metrics = {"nmi": score, **{f"weight_{name}": value for name, value in cell.weights._asdict().items()}}
    return {"seed": cell.seed, "dataset": task.name, "method": "GEDI", "metrics": metrics}


def _map(
    config: ToyConfig, task: Task, pair: tuple[str, str], scores: dict[tuple[str, Triple], list[float]]
) -> np.ndarray:
    """Rows: values of the second weight; columns: of the first."""
    return np.array(
        [
            [statistics.fmean(scores[task.name, _triple(config, pair, (first, second))]) for first in VALUES]
            for second in VALUES
        ]
    )
