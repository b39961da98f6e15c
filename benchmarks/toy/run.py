"""Moons and circles, the paper's Table 2: python -m benchmarks.toy

Nobody tells the learner which points belong together. Rows: an energy alone (JEM), SwAV, GEDI without one of its terms,
GEDI, and scikit-learn's clusterings. Labels are used to report, on unseen points, and for nothing else.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import cast

import torch
from rich.console import Console
from rich.progress import Progress

from benchmarks.runner.folder import CHECKPOINTS
from benchmarks.runner.progress import bars
from benchmarks.runner.results import finished_runs, write_results
from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy import pictures, report, rows, search, sensitivity, stacking
from benchmarks.toy.baselines import Baseline
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Sets, Task
from benchmarks.toy.methods import TRAINED, Method, Trained
from benchmarks.toy.outcome import Outcome, Run, metrics
from gedi_nesy.training.durability import checkpoint


def main(config: ToyConfig) -> None:
    """Check everything that can be wrong, then run, report and write."""
    device = config.prepare()
    config.check()
    tasks = [toy_data.task(name, config.num_clusters) for name in config.dataset]
    console = Console()
    if config.time_stacking:
        stacking.main(config, tasks, device, console)
        return
    folder = config.folder("toy")
    if config.sensitivity:
        sensitivity.main(config, tasks, device, console, folder)
        return
    finished = finished_runs(folder, asdict(config)) if config.resume else []
    runs = [Run(**run) for run in finished]
    with bars(console) as progress:
        for method in config.methods:
            for group in _alike(tasks, config):
                # all of a row at once: its checkpoints hold all of it, and are needed until it is written
                runs += _row(method, group, config, runs, device, progress, folder)
                _write(folder, config, device, runs)
                _forget(_checkpoints(folder, method, group))
                _say(console, method, group, runs)
    pictures.pictures(folder, config, tasks, runs)
    console.print(report.table(runs, config))
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

        found = rows.run_trained(
            cast(Trained, method),
            config,
            clusters,
            seeds,
            sets,
            device,
            report,
            _checkpoints(folder, method, tasks),
        )
        progress.remove_task(bar)
    else:
        found = [
            rows.run_baseline(cast(Baseline, method), clusters, seed, each)
            for seed, each in zip(seeds, sets, strict=True)
        ]
    return [
        _keep(task, seed, method, each, outcome, config, folder)
        for (task, seed), each, outcome in zip(places, sets, found, strict=True)
    ]


def _checkpoints(folder: Path, method: Method, tasks: Sequence[Task]) -> Path:
    """Where a row is saved while it trains."""
    names = "-".join(task.name.replace("/", "_") for task in tasks)
    return folder / CHECKPOINTS / method.replace(" ", "-") / names


def _forget(place: Path) -> None:
    """Delete the checkpoints of a row that is written."""
    for attempt in place.glob("attempt-*"):
        checkpoint.remove(attempt)
    with suppress(OSError):
        os.removedirs(place)  # and the folders above that this leaves empty


def _keep(
    task: Task, seed: int, method: Method, sets: Sets, outcome: Outcome, config: ToyConfig, folder: Path
) -> Run:
    """The run as results.json has it; its arrays and its network in the folder."""
    place = pictures.place(folder, task.name, method, seed)
    pictures.save_arrays(place, sets, outcome)
    if outcome.model is not None:
        outcome.model.save(place / "model")
    return Run(
        seed=seed,
        dataset=task.name,
        method=method,
        metrics=metrics(task, sets, outcome, config.noise),
        attempts=[attempt.as_results() for attempt in outcome.attempts],
        search=search.described(method, config),
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
    body = {"runs": [asdict(run) for run in runs], "summary": report.summary(runs)}
    write_results(folder, "toy", asdict(config), device, body)
