"""The grounding benchmark's part of results.json, and its closing table: a row a task, its seeds side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.report.tables import figure, plain_table


def body(config: GroundingConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """A summary of each task, with what is told of its queries, and of all: of the first method; and of each method."""
    first = [run for run in runs if run["method"] == config.methods[0]]
    return {
        "summary": summarise([run["metrics"] for run in first]) if first else {},
        "tasks": {
            task: {
                "protocol": PROBLEMS[task].protocol,
                "readings_of_the_rule": PROBLEMS[task].readings,
                **summarise([run["metrics"] for run in first if run["task"] == task]),
            }
            for task in dict.fromkeys(run["task"] for run in first)
        },
        "methods": {
            task: {
                method: summarise(
                    [run["metrics"] for run in runs if (run["task"], run["method"]) == (task, method)]
                )
                for method in dict.fromkeys(run["method"] for run in runs if run["task"] == task)
            }
            for task in dict.fromkeys(run["task"] for run in runs)
        },
    }


def report(config: GroundingConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The closing table, and how the queries of each task were drawn."""
    console.print(grounding_table(config, runs))
    for task in dict.fromkeys(run["task"] for run in runs):
        console.print(f"{task}: {PROBLEMS[task].protocol}", highlight=False, soft_wrap=True)


def grounding_table(config: GroundingConfig, runs: Sequence[Run]) -> Table:
    """A row a run: symbols as the rule names them, under the best renaming, and what was said without labels."""
    table = plain_table(f"Symbols from rules alone, {config.dataset}, unseen images")
    table.add_column("task, method, seed", no_wrap=True)
    for heading in ("queries", "of the rule", "accuracy", "renamed", "estimated", "held out", "readings"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    others = _others(config)
    for heading in others:
        table.add_column(heading, justify="right")
    if config.labels:
        table.add_column("with labels", justify="right")
    for run in runs:
        metrics, verdict = run["metrics"], run["verdict"]
        readings = verdict["readings"]
        table.add_row(
            f"{run['task']}, {run['method']}, {run['seed']}",
            f"{run['queries']:,}",
            f"{PROBLEMS[run['task']].readings:,}",
            f"{metrics['accuracy']:.3f}",
            f"{metrics['clustering_accuracy']:.3f}",
            figure(verdict["estimated_accuracy"]),
            figure(verdict["held_out"]),
            "" if readings is None else f"{readings:,}",
            verdict["verdict"],
            *(figure(metrics.get(name)) for name in others.values()),
            *([_with_labels(metrics)] if config.labels else []),
        )
    return table


def _others(config: GroundingConfig) -> dict[str, str]:
    """Further columns, and their metrics, for what the settings add."""
    found = {}
    if config.rare > 1:
        found |= {"macro": "macro_accuracy", "rare symbol": "rare_accuracy"}
    if config.wrong:
        found |= {"wrong": "wrong_share", "estimated wrong": "wrong_estimated", "AUROC": "wrong_auroc"}
    return found


def _with_labels(metrics: dict[str, float]) -> str:
    accuracy = metrics.get("accuracy_with_labels")
    return "" if accuracy is None else f"{metrics['labels']:.0f}: {accuracy:.3f}"
