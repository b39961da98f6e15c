"""The closing table of the shortcuts benchmark: a section a task, a row a set of terms."""

from collections.abc import Mapping

from rich import box
from rich.table import Table

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
