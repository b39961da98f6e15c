"""The shortcuts benchmark's part of results.json, and its closing table: a section a task, a row a set of terms."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from benchmarks.shortcuts.audit import as_results, of_task
from benchmarks.shortcuts.config import ShortcutsConfig
from benchmarks.shortcuts.tasks import ROWS

Summary = Mapping[str, Mapping[str, float]]

HEADINGS = {
    "label_accuracy": "label",
    "ood_label_accuracy": "ood",
    "concept_accuracy": "conc.",
    "concept_f1": "F1",
    "clustering_accuracy": "clust",
    "collapse": "Cls",
    "concept_ece": "ECE",
}
"""Columns; "min." beside the concept accuracy is that of the worst seed."""


def shortcuts_table(
    summaries: Mapping[str, Mapping[str, Summary]],
    maps: Mapping[tuple[str, str], str],
    searches: Mapping[tuple[str, str], str],
    title: str,
) -> Table:
    """Medians over the seeds, what search each row was given, and on which maps of the audit they landed."""
    table = Table(
        title=title,
        title_justify="left",
        caption="runs: restarts made/allowed, with permutation search and verification; 1: one run without",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    table.add_column("task, terms", no_wrap=True)
    for name, heading in HEADINGS.items():
        table.add_column(heading, justify="right")
        if name == "concept_accuracy":
            table.add_column("min.", justify="right")
    table.add_column("runs", justify="right")
    table.add_column("landed on")
    for task, rows in summaries.items():
        table.add_section()
        table.add_row(f"[bold]{task}")
        for row, summary in rows.items():
            table.add_row(row, *_cells(summary), searches[task, row], maps[task, row])
    return table


def _cells(summary: Summary) -> list[str]:
    cells = []
    for name in HEADINGS:
        cells.append(f"{summary[name]['median']:.2f}" if name in summary else "")
        if name == "concept_accuracy":
            cells.append(f"{summary[name]['min']:.2f}")
    return cells


def body(config: ShortcutsConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """`summary` is that of the first task's last row."""
    found = summaries(config, runs)
    last = list(found[config.tasks[0]].values())[-1:]
    return {
        "audits": {task: as_results(*of_task(task)) for task in config.tasks},
        "summary": last[0] if last else {},
        "rows": found,
    }


def report(config: ShortcutsConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The closing table."""
    console.print(shortcuts_table(summaries(config, runs), maps(runs), searches(config, runs), title(config)))


def summaries(config: ShortcutsConfig, runs: Sequence[Run]) -> dict[str, dict[str, dict]]:
    """By task and row, the statistics of every metric over the seeds."""
    cells = {
        task: {row: [run["metrics"] for run in runs if _cell(run) == (task, row)] for row in ROWS}
        for task in config.tasks
    }
    return {
        task: {row: summarise(metrics) for row, metrics in rows.items() if metrics}
        for task, rows in cells.items()
    }


def maps(runs: Sequence[Run]) -> dict[tuple[str, str], str]:
    """By task and row, on which maps the seeds landed: `9 identity, 1 no map`."""
    landed: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        landed.setdefault(_cell(run), Counter())[_name(run["learned"])] += 1
    return {
        cell: ", ".join(f"{count} {name}" for name, count in counts.most_common())
        for cell, counts in landed.items()
    }


def searches(config: ShortcutsConfig, runs: Sequence[Run]) -> dict[tuple[str, str], str]:
    """By task and row, the restarts that were made at the most of those allowed: `2/8`; `1` without a search."""
    made: dict[tuple[str, str], int] = {}
    for run in runs:
        made[_cell(run)] = max(made.get(_cell(run), 0), int(run["metrics"]["attempts"]))
    return {
        (task, row): f"{count}/{config.attempts}" if ROWS[row].searched else "1"
        for (task, row), count in made.items()
    }


def _cell(run: Run) -> tuple[str, str]:
    return run["task"], run["row"]


def _name(learned: dict) -> str:
    if not learned:
        return "not audited"
    if all(symbol == output for symbols in learned["map"].values() for symbol, output in symbols.items()):
        return "identity"
    if learned["broken"]:
        return "no map"
    return f"map {learned['number']}" if learned["number"] else "other map"


def title(config: ShortcutsConfig) -> str:
    seeds = f"{len(config.seeds)} seed" + ("s" if len(config.seeds) > 1 else "")
    labels = f"{config.labels} labelled in all" if config.labels else "no labels"
    return f"Shortcuts, {config.dataset}, {labels}, {seeds}: medians on unseen images"
