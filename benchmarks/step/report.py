"""The table of the step benchmark, and what results.json holds of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from benchmarks.step import growth
from benchmarks.step.config import StepBenchmarkConfig

COLUMNS = {
    "step_ms": ("step", ".1f"),
    "floor_ms": ("floor", ".1f"),
    "step_over_floor": ("step/floor", ".2f"),
    "plain_grad_ms": ("plain, grad", ".1f"),
    "times_faster_than_plain_grad": ("faster", ".2f"),
    "plain_backward_ms": ("plain, backward", ".1f"),
    "times_faster_than_plain_backward": ("faster", ".2f"),
}


def body(config: StepBenchmarkConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """All figures as one run, and the rows of the table."""
    metrics = {name: value for run in runs for name, value in run["metrics"].items()}
    return {
        "runs": [{"seed": 0, "metrics": metrics}],
        "summary": summarise([metrics]),
        "rows": [run["row"] for run in runs],
    }


def report(config: StepBenchmarkConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The table; as quantities grow, curves beside it."""
    rows = [run["row"] for run in runs]
    if not config.against:
        console.print(table(config, rows))
        return
    console.print(growth.table(rows, f"A training step, float32, {_how(config)}"))
    console.print(f"curves: {growth.plot(rows, folder / 'cost.png')}", highlight=False, soft_wrap=True)


def table(config: StepBenchmarkConfig, rows: list[dict]) -> Table:
    """A row a case: our step, its floor, and the plain step in both ways."""
    title = f"A training step, batch {config.batch_size}, milliseconds, {_how(config)}"
    table = Table(title=title, title_justify="left")
    for name in ("network", "width", "K", "precision"):
        table.add_column(name)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [f"{row[name]:{form}}" for name, (_, form) in COLUMNS.items()]
        table.add_row(row["network"], str(row["width"]), str(row["sgld_steps"]), row["precision"], *cells)
    return table


def _how(config: StepBenchmarkConfig) -> str:
    how = f"medians of {config.repeat}, {config.clock} clock, {torch.get_num_threads()} threads"
    return f"{how}, compiled" if config.compile else how
