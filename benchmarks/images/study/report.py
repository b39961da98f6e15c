"""The study's tables and curves: parts of the bound by method, and ER beside its parents."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from benchmarks.images.config import ImagesConfig
from benchmarks.images.rows import RowName
from benchmarks.images.study.cells import (
    BATCH_SIZES,
    MOMENTA,
    SWEPT,
    USUAL,
    WITH_TEACHER,
    Cell,
    cells,
    methods,
    with_momentum,
)
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.report.plots import save
from gedi_nesy.report.tables import plain_table

Summary = Mapping[str, Mapping[str, float]]

COLUMNS = {
    "entropy": "H(Z')",
    "entropy_raised": "raised by",
    "reconstruction": "E log q",
    "reconstruction_raised": "raised by",
    "bound": "bound",
    "knn": "20-NN",
    "linear_probe": "probe",
    "cpu_seconds": "CPU s",
}


def summaries(config: ImagesConfig, runs: Sequence[Run]) -> dict[Cell, Summary]:
    """By cell the statistics over the seeds."""
    found = {cell: [run["metrics"] for run in runs if _cell(run) == cell] for cell in cells(config)}
    return {cell: summarise(metrics) for cell, metrics in found.items() if metrics}


def _cell(run: Run) -> Cell:
    return Cell(run["row"], run["batch_size"], run["momentum"])


def body(config: ImagesConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """For results.json: `summary` is that of the last cell, `cells` has all."""
    found = summaries(config, runs)
    return {
        "summary": list(found.values())[-1] if found else {},
        "cells": [{**cell._asdict(), "summary": each} for cell, each in found.items()],
    }


def report(config: ImagesConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """Three tables and a picture of the curves."""
    found = summaries(config, runs)
    table = plain_table(
        f"Parts of the bound on unseen images, nats, medians, {config.dataset}, batch {USUAL}"
    )
    for name in ("method", *COLUMNS.values()):
        table.add_column(name, justify="left" if name == "method" else "right", no_wrap=True)
    for row in methods(config):
        if (cell := Cell(row)) in found:
            table.add_row(row, *(f"{found[cell][name]['median']:.3f}" for name in COLUMNS))
    console.print(table)
    _sweep(console, found, "20-NN by images a step", SWEPT, BATCH_SIZES, Cell)
    _sweep(console, found, "20-NN by momentum of the teacher", WITH_TEACHER, MOMENTA, with_momentum)
    draw(config, runs, folder / "bound.png")


def _sweep(
    console: Console,
    found: Mapping[Cell, Summary],
    title: str,
    rows: Sequence[RowName],
    values: Sequence[Any],
    cell_of: Callable[[RowName, Any], Cell],
) -> None:
    """ER below each parent, a column a value."""
    table = plain_table(f"{title}, as many images shown in all; median, spread of seeds")
    table.add_column("method", no_wrap=True)
    for value in values:
        table.add_column(f"{value:g}", justify="right", no_wrap=True)
    for row in rows:
        each = [found.get(cell_of(row, value)) for value in values]
        if any(each):
            table.add_row(row, *(_figure(one) for one in each))
    if table.row_count:
        console.print(table)


def _figure(summary: Summary | None) -> str:
    if summary is None:
        return "-"
    return f"{summary['knn']['median']:.3f} +- {summary['knn']['std']:.3f}"


def draw(config: ImagesConfig, runs: Sequence[Run], path: Path) -> Path:
    """Entropy and reconstruction against images shown, a line a method: the median of the seeds."""
    figure = Figure(figsize=(11, 4))
    for axis, part in zip(figure.subplots(1, 2), ("entropy", "reconstruction"), strict=True):
        for row in methods(config):
            curves = [run["curve"] for run in runs if _cell(run) == Cell(row)]
            if curves:
                shown = [point["images"] for point in curves[0]]
                axis.plot(
                    shown,
                    [median(point[part] for point in at) for at in zip(*curves, strict=True)],
                    label=row,
                )
        axis.set_xlabel("images shown")
        axis.set_ylabel(f"{part}, nats")
    figure.axes[1].legend(fontsize=7)
    return save(figure, path)
