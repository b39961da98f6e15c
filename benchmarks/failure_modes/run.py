"""Theorem 1 of the paper as a command: which loss penalises which failure.

Representation collapse, cluster collapse and permuted assignments are built, each loss is evaluated there and at a good
solution, and the paper's Table 1 is printed from what was measured. Nothing is trained.
"""

from benchmarks.failure_modes import evaluate
from benchmarks.failure_modes.build import scene_of
from benchmarks.failure_modes.config import FailureModesConfig
from benchmarks.failure_modes.report import body, report
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run


def jobs(config: FailureModesConfig) -> list[Job]:
    """One a data set and seed; ValueError names what does not fit."""
    config.check()
    return [
        Job(name=f"{name}, seed {seed}", folder=".", runs=({"seed": seed, "dataset": name},))
        for name in config.dataset
        for seed in config.seeds
    ]


def run_one(config: FailureModesConfig, job: Job, place: Place) -> list[Run]:
    """`metrics` holds each loss at each column of the table, `penalises` the answers."""
    (identity,) = job.runs
    scene, generator = scene_of(config, identity["dataset"], identity["seed"], place.device)
    losses = evaluate.measure(scene, generator)
    contrast = evaluate.contrast(scene, generator)
    metrics = {f"{term}, {column}": value for term, row in losses.items() for column, value in row.items()}
    metrics |= {f"contrast, {name}": value for name, value in contrast._asdict().items()}
    return [{**identity, "metrics": metrics, "penalises": evaluate.penalises(losses, config.tolerance)}]


BENCHMARK = Benchmark(
    name="failure_modes", config=FailureModesConfig, jobs=jobs, run_one=run_one, body=body, report=report
)
