"""The images benchmark's part of results.json, and its closing table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.images.agreement import KMEANS
from benchmarks.images.config import ImagesConfig
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.report.tables import plain_table

HEADINGS = {
    "nmi": "NMI",
    "clustering_accuracy": "ACC",
    "ari": "ARI",
    "linear_probe": "probe",
    "knn": "20-NN",
    "ece": "ECE",
    "fd": "FD",
    "precision": "prec.",
    "recall": "recall",
    "ood_energy": "OOD",
    "peak_mb": "MB",
    "seconds": "sec.",
}
WITH_SPREAD = ("nmi",)
"""Columns beside which the standard deviation over the seeds stands."""


def body(config: ImagesConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """`summary` is that of the last row, which is GEDI unless others are asked for; `rows` has all."""
    found = summaries(config, runs)
    return {"summary": list(found.values())[-1] if found else {}, "rows": found}


def summaries(config: ImagesConfig, runs: Sequence[Run]) -> dict[str, dict[str, dict[str, float]]]:
    """By row, in their order, the statistics of every metric over the seeds."""
    by_row = {name: [run["metrics"] for run in runs if run["row"] == name] for name in config.rows()}
    return {name: summarise(metrics) for name, metrics in by_row.items() if metrics}


def report(config: ImagesConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The closing table."""
    console.print(table(config, runs))


def table(config: ImagesConfig, runs: Sequence[Run]) -> Table:
    """A row a method: medians over the seeds on unseen images."""
    seeds = f"{len(config.seeds)} seed" + "s" * (len(config.seeds) > 1)
    made = plain_table(
        f"{config.dataset}, {config.preset} preset, {seeds}: medians on unseen images, no labels in training"
    )
    made.caption = f"* clusters by {KMEANS} of training images; +- is the standard deviation over the seeds"
    made.add_column("method", no_wrap=True)
    found = summaries(config, runs)
    columns = [name for name in HEADINGS if any(name in summary for summary in found.values())]
    for heading in (HEADINGS[name] for name in columns):
        made.add_column(heading, justify="right", no_wrap=True)
    by_kmeans = {run["row"] for run in runs if run["clusters_by"] == KMEANS}
    for name, summary in found.items():
        made.add_row(f"{name}{'*' * (name in by_kmeans)}", *(_cell(column, summary) for column in columns))
    return made


def _cell(name: str, summary: Mapping[str, Mapping[str, float]]) -> str:
    if name not in summary:
        return "-"
    median = summary[name]["median"]
    if name in ("seconds", "peak_mb", "fd"):
        return f"{median:.0f}"
    spread = f" +- {summary[name]['std']:.3f}" if name in WITH_SPREAD else ""
    return f"{median:.3f}{spread}"
