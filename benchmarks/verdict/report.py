"""The verdict benchmark's part of results.json, and its closing table: a row a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from benchmarks.verdict.config import VerdictConfig
from gedi_nesy.report.tables import figure


def body(config: VerdictConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """How many verdicts are right; those that say grounded of an accuracy below 0.9; how far the estimates are off."""
    grounded = [run for run in runs if run["verdict"]["verdict"] == "grounded"]
    off = [abs(run["metrics"]["estimated_accuracy"] - run["metrics"]["accuracy"]) for run in grounded]
    return {
        "summary": summarise([run["metrics"] for run in runs]) if runs else {},
        "rows": {
            row: summarise([run["metrics"] for run in runs if run["row"] == row])
            for row in dict.fromkeys(run["row"] for run in runs)
        },
        "verdicts": {
            "runs": len(runs),
            "right": int(sum(run["metrics"]["right"] for run in runs)),
            "grounded_below_0.9": sum(run["metrics"]["accuracy"] < 0.9 for run in grounded),
            "largest_error_of_estimate": max(off, default=None),
        },
    }


def report(config: VerdictConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The closing table, and how many verdicts are right."""
    console.print(verdict_table(config, runs))
    found = body(config, runs)["verdicts"]
    error = found["largest_error_of_estimate"]
    console.print(
        f"{found['right']} of {found['runs']} verdicts are right; {found['grounded_below_0.9']} say grounded of an"
        " accuracy below 0.9" + ("" if error is None else f"; estimates are off by {error:.3f} at the most")
    )


def verdict_table(config: VerdictConfig, runs: Sequence[Run]) -> Table:
    """A row a run."""
    title = f"Verdicts, {config.dataset}, {config.queries} queries"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    table.add_column("row, seed", no_wrap=True)
    for heading in ("accuracy", "estimated", "held out", "training", "readings"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    table.add_column("right")
    if config.labels:
        table.add_column("with labels", justify="right")
    for run in runs:
        verdict, metrics = run["verdict"], run["metrics"]
        labels = metrics.get("accuracy_with_labels")
        with_labels = "" if labels is None else f"{metrics['labels']:.0f}: {labels:.3f}"
        table.add_row(
            f"{run['row']}, {run['seed']}",
            f"{metrics['accuracy']:.3f}",
            figure(verdict["estimated_accuracy"]),
            figure(verdict["held_out"]),
            figure(verdict["training_hold"]),
            "" if verdict["readings"] is None else f"{verdict['readings']:,}",
            verdict["verdict"],
            "yes" if metrics["right"] else "NO",
            *([with_labels] if config.labels else []),
        )
    return table
