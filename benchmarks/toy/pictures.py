"""The pictures of the toy benchmark, drawn from arrays that each run has left in the folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.runner.benchmark import Run
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Sets
from benchmarks.toy.outcome import Outcome
from gedi_nesy.report import points, weights
from gedi_nesy.report.points import Landscape, Regions, Samples
from gedi_nesy.training.vectorized.learner import RECORD_EVERY

ARRAYS = "arrays.npz"


class Arrays(NamedTuple):
    """What a run has left for pictures; arrays that a method has not are empty."""

    inputs: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    on_grid: np.ndarray
    energies: np.ndarray
    samples: np.ndarray
    clusters_of_samples: np.ndarray
    history: np.ndarray


def place(folder: Path, dataset: str, method: str, seed: int) -> Path:
    """The folder of one run."""
    return folder / Path(dataset).stem / method.replace(" ", "-") / f"seed-{seed}"


def save_arrays(folder: Path, sets: Sets, outcome: Outcome) -> None:
    """Write what pictures need; arrays of numbers, nothing is pickled."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = Arrays(
        inputs=sets.test.inputs.numpy(),
        labels=sets.test.labels.numpy(),
        **{name: getattr(outcome, name) for name in Arrays._fields[2:]},
    )
    np.savez_compressed(folder / ARRAYS, **arrays._asdict())


def _load(folder: Path) -> Arrays:
    with np.load(folder / ARRAYS, allow_pickle=False) as file:
        return Arrays(**{name: file[name] for name in Arrays._fields})


def pictures(folder: Path, config: ToyConfig, runs: Sequence[Run]) -> None:
    """regions.png, samples.png, energies.png and curves.png, of the first seed (curves: of all)."""
    seed = config.seeds[0]
    arrays: dict[str, dict[str, Arrays]] = {}
    for dataset in config.dataset:
        for run in runs:
            if (run["dataset"], run["seed"]) == (dataset, seed):
                found = _load(place(folder, dataset, run["method"], seed))
                if found.inputs.shape[1] == 2:
                    arrays.setdefault(Path(dataset).name, {})[run["method"]] = found
    if not arrays:
        return
    first = {dataset: next(iter(rows.values())) for dataset, rows in arrays.items()}
    grids = {dataset: points.grid_around(each.inputs) for dataset, each in first.items()}
    notes = {
        (Path(run["dataset"]).name, run["method"]): f"{run['metrics']['nmi']:.2f}"
        for run in runs
        if run["seed"] == seed and "nmi" in run["metrics"]
    }
    regions = {
        dataset: {
            method: Regions(each.predictions, each.on_grid, notes.get((dataset, method), ""))
            for method, each in rows.items()
        }
        for dataset, rows in arrays.items()
    }
    data = {dataset: each.inputs for dataset, each in first.items()}
    points.decision_regions(
        {dataset: (each.inputs, each.labels) for dataset, each in first.items()},
        grids,
        regions,
        folder / "regions.png",
    )
    generative = {
        dataset: {method: each for method, each in rows.items() if len(each.energies)}
        for dataset, rows in arrays.items()
    }
    if not all(generative.values()):
        return
    samples = {
        dataset: {method: Samples(each.samples, each.clusters_of_samples) for method, each in rows.items()}
        for dataset, rows in generative.items()
    }
    points.samples_over_data(data, grids, samples, folder / "samples.png")
    landscapes = {
        dataset: {
            method: Landscape(
                each.energies, _at(grids[dataset], each.energies, data[dataset]), each.samples[:300]
            )
            for method, each in rows.items()
        }
        for dataset, rows in generative.items()
    }
    points.energy_landscapes(data, grids, landscapes, folder / "energies.png")
    _curves(folder, config, runs)


def _at(grid: points.Grid, values: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """The values at the grid's places nearest to some points."""
    columns, rows = (
        np.abs(axis[None] - inputs[:, place, None]).argmin(axis=1)
        for place, axis in enumerate((grid.x, grid.y))
    )
    return values.reshape(grid.shape)[rows, columns]


def _curves(folder: Path, config: ToyConfig, runs: Sequence[Run]) -> None:
    """The three terms of GEDI, all seeds."""
    panels: dict[str, dict[str, np.ndarray]] = {}
    for dataset in config.dataset:
        histories = [
            _load(place(folder, dataset, "GEDI", run["seed"])).history
            for run in runs
            if (run["dataset"], run["method"]) == (dataset, "GEDI")
        ]
        if histories:
            stacked = np.stack(histories)
            panels[Path(dataset).name] = {
                name: stacked[:, :, column] for column, name in enumerate(("gen", "inv", "prior"))
            }
    if panels:
        records = min(values.shape[1] for terms in panels.values() for values in terms.values())
        weights.term_curves(panels, np.arange(records) * RECORD_EVERY, folder / "curves.png")
