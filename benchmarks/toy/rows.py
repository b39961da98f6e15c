"""The rows of the toy table as the runner has them: a job is a method on all data sets that can train in one stack."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import cast

import torch

from benchmarks.runner.benchmark import Failed, Identity, Job, Place, Run
from benchmarks.runner.flags import flat
from benchmarks.runner.record import RUN_FILE
from benchmarks.runner.results import about
from benchmarks.toy import baselines, pictures
from benchmarks.toy import data as toy_data
from benchmarks.toy.baselines import Baseline
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Sets, Task
from benchmarks.toy.methods import TRAINED, Method, Trained
from benchmarks.toy.outcome import Outcome, metrics, without_model
from benchmarks.toy.trained import search
from benchmarks.toy.trained.restarts import run_trained


@dataclass(frozen=True, kw_only=True)
class Row:
    """A method, and data sets with as many clusters, points and dimensions."""

    method: Method
    tasks: tuple[Task, ...]


def jobs(config: ToyConfig) -> list[Job]:
    """Method by method; ValueError for a data set that cannot be read."""
    tasks = [toy_data.task(name, config.num_clusters) for name in config.dataset]
    return [
        Job(
            name=f"{method}, {' and '.join(Path(task.name).name for task in group)}",
            folder=f"{method.replace(' ', '-')}-{'-'.join(Path(task.name).stem for task in group)}",
            runs=tuple(
                {"seed": seed, "dataset": task.name, "method": method}
                for task in group
                for seed in config.seeds
            ),
            task=Row(method=method, tasks=tuple(group)),
        )
        for method in config.methods
        for group in _alike(tasks, config)
    ]


def _alike(tasks: Sequence[Task], config: ToyConfig) -> Iterator[list[Task]]:
    """Data sets that can train in one stack."""

    def shape(task: Task) -> tuple:
        return (task.num_clusters, *_sets(config, task, config.seeds[0]).train.inputs.shape)

    for _, group in groupby(sorted(tasks, key=shape), key=shape):
        yield list(group)


def _sets(config: ToyConfig, task: Task, seed: int) -> Sets:
    return toy_data.sets(task, config.points, config.test_points, config.noise, seed)


def run_one(config: ToyConfig, job: Job, place: Place) -> list[Run | Failed]:
    """All its seeds at once: their checkpoint holds them all, and stays until they stand in results.json."""
    method, tasks = job.task.method, {task.name: task for task in job.task.tasks}
    sets = [_sets(config, tasks[run["dataset"]], run["seed"]) for run in job.runs]
    clusters = job.task.tasks[0].num_clusters
    for run in job.runs:
        _begin(config, run, place)
    seeds = [run["seed"] for run in job.runs]
    if method in TRAINED:
        outcomes = run_trained(cast(Trained, method), config, clusters, seeds, sets, place)
    else:
        outcomes = [
            run_baseline(cast(Baseline, method), clusters, seed, each)
            for seed, each in zip(seeds, sets, strict=True)
        ]
    runs = [
        Failed(outcome.failure)
        if outcome.failure
        else _keep(config, run, tasks[run["dataset"]], each, outcome, place)
        for run, each, outcome in zip(job.runs, sets, outcomes, strict=True)
    ]
    _say([run for run in runs if not isinstance(run, Failed)], place)
    return runs


def run_baseline(method: Baseline, num_clusters: int, seed: int, sets: Sets) -> Outcome:
    """scikit-learn's clusterings, asked for the test points and the grid at once."""
    begun = time.perf_counter()
    asked = torch.cat([sets.test.inputs, sets.grid()]).numpy()
    answers = baselines.run(method, sets.train.inputs.numpy(), asked, num_clusters, seed)
    count = len(sets.test.inputs)
    return without_model(answers[:count], answers[count:], time.perf_counter() - begun)


def _folder(run: Identity, place: Place) -> Path:
    return pictures.place(place.out, run["dataset"], run["method"], run["seed"])


def _begin(config: ToyConfig, run: Identity, place: Place) -> None:
    """run.json says what is going on before there are results."""
    folder = _folder(run, place)
    folder.mkdir(parents=True, exist_ok=True)
    document = {**about(place.benchmark, flat(config), place.device), **run}
    (folder / RUN_FILE).write_text(json.dumps(document, indent=2, default=str) + "\n")


def _keep(config: ToyConfig, run: Identity, task: Task, sets: Sets, outcome: Outcome, place: Place) -> Run:
    """The run as results.json has it; its arrays and its network in the folder."""
    folder = _folder(run, place)
    pictures.save_arrays(folder, sets, outcome)
    if outcome.model is not None:
        if sets.scaling is not None:
            outcome.model.standardise_by(*sets.scaling)
        outcome.model.save(folder / "model")
    return {
        **run,
        "metrics": metrics(task, sets, outcome, config.noise),
        "attempts": [attempt.as_results() for attempt in outcome.attempts],
        "search": search.described(run["method"], config),
    }


def _say(runs: Sequence[Run], place: Place) -> None:
    """One line a data set, while the table is not there yet."""
    for (method, dataset), group in groupby(runs, key=lambda run: (run["method"], run["dataset"])):
        scores = [f"{run['metrics']['nmi']:.2f}" for run in group if "nmi" in run["metrics"]]
        if scores:
            place.say(f"{method}, {dataset}: NMI {' '.join(scores)}")
