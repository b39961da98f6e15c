"""Theorem 1 of the paper as a command: which loss penalises which failure: python -m benchmarks.failure_modes

Representation collapse, cluster collapse and permuted assignments are built, each loss is evaluated there and at a good
solution, and the paper's Table 1 is printed from what was measured. Nothing is trained.
"""

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console

from benchmarks.failure_modes import build, evaluate, report
from benchmarks.failure_modes.config import FailureModesConfig
from benchmarks.failure_modes.evaluate import Losses
from benchmarks.runner.results import finished_runs, summarise, write_results
from gedi_nesy.data.points import PointsName


class Run(NamedTuple):
    """One data set and seed: `metrics` holds each loss at each column of the table, `penalises` the answers."""

    seed: int
    dataset: str
    metrics: dict[str, float]
    penalises: dict[str, dict[str, bool]]


def main(config: FailureModesConfig) -> None:
    """Measure, print and write."""
    device = config.prepare()
    if not config.dataset:
        raise ValueError("--dataset: at least one is needed")
    if not 0 <= config.tolerance < float("inf"):
        raise ValueError(f"--tolerance {config.tolerance} must be finite and not negative")
    folder = config.folder("failure_modes")
    runs = [Run(**run) for run in finished_runs(folder, asdict(config))] if config.resume else []
    done = {(run.dataset, run.seed) for run in runs}
    for name in config.dataset:
        for seed in config.seeds:
            if (name, seed) not in done:
                runs.append(_run(config, name, seed, device))
                _write(folder, config, device, runs)
    _report(Console(), config, runs, folder)
    _draw(config, device, runs, folder)


def _scene(
    config: FailureModesConfig, name: PointsName, seed: int, device: torch.device
) -> tuple[build.Scene, torch.Generator]:
    generator = torch.Generator().manual_seed(seed)
    scene = build.scene(name, config.num, config.noise, config.augment, generator)
    return scene.to(device), generator


def _run(config: FailureModesConfig, name: PointsName, seed: int, device: torch.device) -> Run:
    scene, generator = _scene(config, name, seed, device)
    losses = evaluate.measure(scene, generator)
    contrast = evaluate.contrast(scene, generator)
    metrics = {f"{term}, {column}": value for term, row in losses.items() for column, value in row.items()}
    metrics |= {f"contrast, {name}": value for name, value in contrast._asdict().items()}
    return Run(seed, name, metrics, evaluate.penalises(losses, config.tolerance))


def _write(folder: Path, config: FailureModesConfig, device: torch.device, runs: list[Run]) -> None:
    """`summary` is that of the first data set, `datasets` holds all."""
    summaries = _summaries(runs)
    body = {
        "runs": [run._asdict() for run in runs],
        "summary": next(iter(summaries.values())),
        "datasets": summaries,
    }
    write_results(folder, "failure_modes", asdict(config), device, body)


def _summaries(runs: list[Run]) -> dict[str, dict[str, dict[str, float]]]:
    names = dict.fromkeys(run.dataset for run in runs)
    return {name: summarise([run.metrics for run in runs if run.dataset == name]) for name in names}


def _report(console: Console, config: FailureModesConfig, runs: list[Run], folder: Path) -> None:
    answers = [run.penalises for run in runs]
    console.print(report.table_of_answers(answers))
    console.print(report.differences(answers), highlight=False)
    for name, summary in _summaries(runs).items():
        losses: Losses = {
            term: {column: summary[f"{term}, {column}"]["mean"] for column in (build.GOOD, *build.MODES)}
            for term in evaluate.TERMS
        }
        seeds = f"{len(config.seeds)} seed" + ("s" if len(config.seeds) > 1 else "")
        console.print(report.table_of_losses(losses, f"{name}: nats a point, {seeds}, means"))
        console.print(report.sentence_on_contrast(summary), highlight=False)
    console.print(f"results and pictures: {folder}", highlight=False)


def _draw(config: FailureModesConfig, device: torch.device, runs: list[Run], folder: Path) -> None:
    """The first seed of each data set."""
    first = config.seeds[0]
    verdicts = {run.dataset: run.penalises for run in runs if run.seed == first}
    scenes, generator = {}, torch.Generator()
    for name in config.dataset:
        scenes[name], generator = _scene(config, name, first, device)
    report.pictures(scenes, verdicts, generator, folder)
