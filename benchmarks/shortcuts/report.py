"""The shortcuts benchmark's part of results.json, and its closing table: a section a task, a row a set of terms."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from rich import box
from rich.table import Table

from benchmarks.runner.audit import as_results
from benchmarks.runner.results import summarise, write_results
from benchmarks.shortcuts.config import ShortcutsConfig
from benchmarks.shortcuts.run import Run
from benchmarks.shortcuts.tasks import ROWS
from gedi_nesy.audit.shortcuts import Audit

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
    summaries: Mapping[str, Mapping[str, Summary]], maps: Mapping[tuple[str, str], str], title: str
) -> Table:
    """Medians over the seeds, and on which maps of the audit they landed."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    table.add_column("task, terms", no_wrap=True)
    for name, heading in HEADINGS.items():
        table.add_column(heading, justify="right")
        if name == "concept_accuracy":
            table.add_column("min.", justify="right")
    table.add_column("landed on")
    for task, rows in summaries.items():
        table.add_section()
        table.add_row(f"[bold]{task}")
        for row, summary in rows.items():
            table.add_row(row, *_cells(summary), maps[task, row])
    return table


def _cells(summary: Summary) -> list[str]:
    cells = []
    for name in HEADINGS:
        cells.append(f"{summary[name]['median']:.2f}" if name in summary else "")
        if name == "concept_accuracy":
            cells.append(f"{summary[name]['min']:.2f}")
    return cells


def write(
    config: ShortcutsConfig,
    device: torch.device,
    folder: Path,
    audits: dict[str, tuple[Audit | None, str]],
    runs: list[Run],
) -> None:
    """After every run; `summary` is that of the first task's last row."""
    found = summaries(config, runs)
    body = {
        "audits": {name: as_results(*found) for name, found in audits.items()},
        "runs": [asdict(run) for run in runs],
        "summary": list(found[config.tasks[0]].values())[-1],
        "rows": found,
    }
    write_results(folder, "shortcuts", asdict(config), device, body)


def summaries(config: ShortcutsConfig, runs: list[Run]) -> dict[str, dict[str, dict]]:
    """By task and row, the statistics of every metric over the seeds."""
    return {
        task: {
            row: summarise([run.metrics for run in runs if (run.task, run.row) == (task, row)])
            for row in ROWS
            if any((run.task, run.row) == (task, row) for run in runs)
        }
        for task in config.tasks
    }


def maps(runs: list[Run]) -> dict[tuple[str, str], str]:
    """By task and row, on which maps the seeds landed: `9 identity, 1 no map`."""
    landed: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        landed.setdefault((run.task, run.row), Counter())[_name(run.learned)] += 1
    return {
        place: ", ".join(f"{count} {name}" for name, count in counts.most_common())
        for place, counts in landed.items()
    }


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
