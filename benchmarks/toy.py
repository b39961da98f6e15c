"""Moons and circles, the paper's Table 2: python -m benchmarks.toy

Nobody tells the learner which points belong together. Rows: an energy alone (JEM), SwAV, GEDI without one of its terms,
GEDI, and scikit-learn's clusterings. Labels are used to report, on unseen points, and for nothing else.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import cast

import torch
from rich.console import Console
from rich.progress import Progress
from torch import Tensor

from benchmarks import experiment, toy_data, toy_methods, toy_report, toy_run, toy_sensitivity, toy_stacking
from benchmarks.progress import bars
from benchmarks.toy_baselines import Baseline
from benchmarks.toy_data import Sets, Task
from benchmarks.toy_methods import METHODS, TRAINED, WEIGHTS, Method, Preset, Trained, Triple
from benchmarks.toy_run import Outcome, Run
from gedi_nesy.report.points import grid_around
from gedi_nesy.training.durability import checkpoint


@dataclass(frozen=True, kw_only=True)
class ToyConfig(experiment.RunConfig):
    """Cluster points of the plane without labels, by energies, pairs and a prior: the paper's Table 2."""

    dataset: tuple[str, ...] = ("moons", "circles")
    """moons, circles, blobs, spirals, anisotropic, or files: .npy, or .csv (a column `label` judges only)"""
    methods: tuple[Method, ...] = METHODS
    """the rows of the table"""
    preset: Preset = "default"
    """default: ours, pairs from walks of the model's own energy; paper: its Table 3 to the letter"""
    noise: float = 0.05
    """standard deviation of the named sets' noise, where the outer circle has radius 1, the inner 1/2"""
    num_clusters: int | None = None
    """clusters to learn (default: the set's own number, or the labels of a file)"""
    points: int = 1000
    """training points a seed, of named sets"""
    test_points: int = 1000
    """of a file, 30% are kept for the test instead"""
    iterations: int | None = None
    """training steps (default: the preset's, 4,000 or 20,000)"""
    weight_gen: float | None = None
    """weight of L_GEN, data more likely than samples (default: the preset's, as for the others)"""
    weight_inv: float | None = None
    """weight of L_INV, the same confident answer for both of a pair"""
    weight_prior: float | None = None
    """weight of L_PRIOR, all clusters used alike"""
    attempts: int = 3
    """a GEDI seed with L_INV below --accept is begun again; the best by the training objective is kept"""
    accept: float = -0.12
    """mean L_INV on the training points, at most 0, from which on no further attempt is made"""
    sensitivity: bool = False
    """instead of the table: NMI of GEDI over pairs of weights, 0 to 50 in steps of 10, as heat maps"""
    time_stacking: bool = False
    """instead of the table: ten seeds side by side against one"""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """each draws its own points, network and chains; they train side by side, with the same numbers as alone"""

    def weights(self) -> Triple:
        """The preset's, where none is given. ValueError for one that is negative or not finite."""
        given = Triple(self.weight_gen, self.weight_inv, self.weight_prior)  # pyright: ignore[reportArgumentType]
        chosen = [
            theirs if ours is None else ours for ours, theirs in zip(given, WEIGHTS[self.preset], strict=True)
        ]
        for name, value in zip(Triple._fields, chosen, strict=True):
            if not 0 <= value < float("inf"):
                raise ValueError(f"--weight-{name} {value} must be finite and not negative")
        return Triple(*chosen)

    def check(self) -> None:
        """ValueError names what does not fit."""
        self.weights()
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"--noise {self.noise} must be finite and not negative")
        for name in ("points", "test_points", "attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        for name in ("dataset", "methods"):
            if len(set(getattr(self, name))) < max(1, len(getattr(self, name))):
                raise ValueError(f"--{name}: each once, and at least one")
        toy_methods.config_of("GEDI", self.preset, self.iterations)


def main(config: ToyConfig) -> None:
    """Check everything that can be wrong, then run, report and write."""
    device = config.prepare()
    config.check()
    tasks = [toy_data.task(name, config.num_clusters) for name in config.dataset]
    console = Console()
    if config.time_stacking:
        toy_stacking.main(config, tasks, device, console)
        return
    folder = config.folder("toy")
    if config.sensitivity:
        toy_sensitivity.main(config, tasks, device, console, folder)
        return
    finished = experiment.finished_runs(folder, asdict(config)) if config.resume else []
    runs = [Run(**run) for run in finished]
    with bars(console) as progress:
        for method in config.methods:
            for group in _alike(tasks, config):
                # all of a row at once: its checkpoints hold all of it, and are needed until it is written
                runs += _row(method, group, config, runs, device, progress, folder)
                _write(folder, config, device, runs)
                _forget(_checkpoints(folder, method, group), config.attempts)
                _say(console, method, group, runs)
    toy_report.pictures(folder, config, tasks, runs)
    console.print(toy_report.table(runs, config))
    console.print(f"results, pictures and models: {folder}", highlight=False)


def _alike(tasks: Sequence[Task], config: ToyConfig) -> Iterator[list[Task]]:
    """Data sets that can train in one stack: as many clusters, and as many points of as many dimensions."""

    def shape(task: Task) -> tuple:
        inputs = toy_data.sets(
            task, config.points, config.test_points, config.noise, config.seeds[0]
        ).train.inputs
        return (task.num_clusters, *inputs.shape)

    for _, group in groupby(sorted(tasks, key=shape), key=shape):
        yield list(group)


def _row(
    method: Method,
    tasks: Sequence[Task],
    config: ToyConfig,
    runs: Sequence[Run],
    device: torch.device,
    progress: Progress,
    folder: Path,
) -> list[Run]:
    """The runs of a method that are missing."""
    done = {(run.dataset, run.method, run.seed) for run in runs}
    places = [
        (task, seed) for task in tasks for seed in config.seeds if (task.name, method, seed) not in done
    ]
    if not places:
        return []
    sets = [
        toy_data.sets(task, config.points, config.test_points, config.noise, seed) for task, seed in places
    ]
    grids = [_grid(each) for each in sets]
    seeds = [seed for _, seed in places]
    clusters = tasks[0].num_clusters
    if method in TRAINED:
        total = toy_methods.config_of(cast(Trained, method), config.preset, config.iterations).iterations
        bar = progress.add_task(method, total=total, terms="")

        said = 0

        def report(step: int, terms: str) -> None:
            nonlocal said
            progress.update(bar, completed=step, terms=terms)
            if not progress.console.is_terminal and 10 * step // total != said:
                said = 10 * step // total
                line = f"{method}  step {step:6,d} of {total:,d}  {terms}"
                progress.console.print(line, highlight=False, soft_wrap=True)

        found = toy_run.run_trained(
            cast(Trained, method),
            config,
            clusters,
            seeds,
            sets,
            grids,
            device,
            report,
            _checkpoints(folder, method, tasks),
        )
        progress.remove_task(bar)
    else:
        found = [
            toy_run.run_baseline(cast(Baseline, method), clusters, seed, each, grid)
            for seed, each, grid in zip(seeds, sets, grids, strict=True)
        ]
    return [
        _keep(task, seed, method, each, outcome, config, folder)
        for (task, seed), each, outcome in zip(places, sets, found, strict=True)
    ]


def _checkpoints(folder: Path, method: Method, tasks: Sequence[Task]) -> Path:
    """Where a row is saved while it trains."""
    names = "-".join(task.name.replace("/", "_") for task in tasks)
    return folder / experiment.CHECKPOINTS / method.replace(" ", "-") / names


def _forget(place: Path, attempts: int) -> None:
    """Delete the checkpoints of a row that is written."""
    for attempt in range(attempts):
        checkpoint.remove(place / f"attempt-{attempt}")
    with suppress(OSError):
        os.removedirs(place)  # and the folders above that this leaves empty


def _grid(sets: Sets) -> Tensor:
    """Where regions and energies are asked for, in the plane; nowhere in other dimensions."""
    inputs = sets.test.inputs
    if inputs.shape[1] != 2:
        return inputs[:0]
    return torch.from_numpy(grid_around(inputs.numpy()).points)


def _keep(
    task: Task, seed: int, method: Method, sets: Sets, outcome: Outcome, config: ToyConfig, folder: Path
) -> Run:
    """The run as results.json has it; its arrays and its network in the folder."""
    place = toy_report.place(folder, task.name, method, seed)
    toy_report.save_arrays(place, sets, outcome)
    if outcome.model is not None:
        outcome.model.save(place / "model")
    return Run(
        seed=seed,
        dataset=task.name,
        method=method,
        metrics=toy_run.metrics(task, sets, outcome, config.noise),
        attempts=[attempt._asdict() for attempt in outcome.attempts],
    )


def _say(console: Console, method: Method, tasks: Sequence[Task], runs: Sequence[Run]) -> None:
    """One line a row and data set, while the table is not there yet."""
    for task in tasks:
        scores = [
            f"{run.metrics['nmi']:.2f}"
            for run in runs
            if (run.dataset, run.method) == (task.name, method) and "nmi" in run.metrics
        ]
        if scores:
            console.print(f"{method}, {task.name}: NMI {' '.join(scores)}", highlight=False, soft_wrap=True)


def _write(folder: Path, config: ToyConfig, device: torch.device, runs: Sequence[Run]) -> None:
    """After every row, so that a long job that is stopped has lost nothing."""
    body = {"runs": [asdict(run) for run in runs], "summary": toy_report.summary(runs)}
    experiment.write_results(folder, "toy", asdict(config), device, body)


if __name__ == "__main__":
    experiment.run_cli(ToyConfig, main, "toy")
