"""NMI of GEDI over pairs of weights (the paper's Figure 2): all cells of a heat map train side by side.

A pair varies from 0 to 50 in steps of 10 while the third weight is the preset's. One restart a cell: a heat map shows
what the weights do, not what restarts fix.
"""

import statistics
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from benchmarks.runner.benchmark import Failed, Job, Place, Run
from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.methods import Trained, Triple
from benchmarks.toy.trained.restarts import reporting
from benchmarks.toy.trained.stack import Cell, learn, stack_of
from gedi_nesy.metrics import clustering
from gedi_nesy.report import weights

VALUES = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
PAIRS = tuple(combinations(Triple._fields, 2))
CELLS_AT_ONCE = 60
"""Networks in one stack: more of them no longer fit the caches, and are no quicker."""


def jobs(config: ToyConfig) -> list[Job]:
    """Every triple of weights that some heat map shows, `CELLS_AT_ONCE` a job."""
    wanted = sorted({_triple(config, pair, values) for pair in PAIRS for values in product(VALUES, VALUES)})
    found = []
    for dataset in config.dataset:
        task = toy_data.task(dataset, config.num_clusters)
        if not task.labelled:
            raise ValueError(f"--dataset {dataset}: it has no labels, and heat maps of NMI need them")
        # without L_GEN there is no energy to walk on, and another sampler would change the step
        for with_gen in (False, True):
            cells = [
                {"seed": seed, "dataset": dataset, "method": "GEDI", "weights": list(triple)}
                for triple, seed in product(wanted, config.seeds)
                if (triple.gen > 0) == with_gen
            ]
            for number, start in enumerate(range(0, len(cells), CELLS_AT_ONCE), start=1):
                name = f"{Path(dataset).stem}, {'with' if with_gen else 'without'} L_GEN, part {number}"
                part = tuple(cells[start : start + CELLS_AT_ONCE])
                found.append(
                    Job(name=name, folder=name.replace(", ", "-").replace(" ", "-"), runs=part, task=task)
                )
    return found


def _triple(config: ToyConfig, pair: tuple[str, str], values: tuple[float, float]) -> Triple:
    return config.weights()._replace(**dict(zip(pair, values, strict=True)))


def run_one(config: ToyConfig, job: Job, place: Place) -> list[Run | Failed]:
    """NMI on the test points, of each cell."""
    task, seeds = job.task, {run["seed"] for run in job.runs}
    sets = {
        seed: toy_data.sets(task, config.points, config.test_points, config.noise, seed) for seed in seeds
    }
    cells = [Cell(run["seed"], 0, sets[run["seed"]], Triple(*run["weights"])) for run in job.runs]
    method: Trained = "GEDI" if cells[0].weights.gen > 0 else "GEDI no gen"
    settings = toy_methods.config_of(method, config.preset, config.iterations)
    learner = stack_of(cells, config.preset, settings, task.num_clusters, place.device)
    with reporting(place, job.name, settings.iterations) as report:
        learn(learner, report)
    with torch.no_grad():
        inputs = torch.stack([cell.sets.test.inputs for cell in cells]).to(place.device)
        predictions = learner.forward(learner.average, inputs).argmax(dim=2).cpu()
    return [
        Failed(f"training diverged by step {step}: the loss is not finite")
        if step
        else {**run, "metrics": {"nmi": _nmi(cell, predicted.numpy()), **_named(cell.weights)}}
        for run, cell, predicted, step in zip(
            job.runs, cells, predictions, learner.diverged_at.tolist(), strict=True
        )
    ]


def _nmi(cell: Cell, predictions: np.ndarray) -> float:
    return clustering.nmi(cell.sets.test.labels.numpy(), predictions)


def _named(triple: Triple) -> dict[str, float]:
    return {f"weight_{name}": value for name, value in triple._asdict().items()}


def report(config: ToyConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """sensitivity.png, and how much of each map is solved."""
    scores: dict[tuple[str, Triple], list[float]] = {}
    for run in runs:
        scores.setdefault((run["dataset"], Triple(*run["weights"])), []).append(run["metrics"]["nmi"])
    maps = {name: {pair: _map(config, name, pair, scores) for pair in PAIRS} for name in config.dataset}
    weights.sensitivity(maps, VALUES, folder / "sensitivity.png")
    for dataset, found in maps.items():
        for (first, second), values in found.items():
            share = float((values >= 0.95).mean())
            console.print(
                f"{dataset}, {first} and {second}: mean NMI at least 0.95 in {share:.0%} of the cells",
                highlight=False,
            )


def _map(
    config: ToyConfig, dataset: str, pair: tuple[str, str], scores: dict[tuple[str, Triple], list[float]]
) -> np.ndarray:
    """Rows: values of the second weight; columns: of the first. NaN where a job failed."""

    def mean(values: tuple[float, float]) -> float:
        found = scores.get((dataset, _triple(config, pair, values)))
        return statistics.fmean(found) if found else np.nan

    return np.array([[mean((first, second)) for first in VALUES] for second in VALUES])
