"""Run folders in tables for the terminal."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from gedi_nesy.errors import one_line
from gedi_nesy.extras import needs
from gedi_nesy.report.runs import RunFolder, by_benchmark, differences, shown_metrics
from gedi_nesy.report.tables import HEADINGS, plain_table

with needs("report"):
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text


def runs_tables(runs: Sequence[RunFolder], now: float | None = None) -> list[Table]:
    """One table a benchmark; metrics are medians over the seeds, with the lowest in brackets."""
    now = time.time() if now is None else now
    tables = []
    for group in by_benchmark(runs):
        metrics = shown_metrics(group)
        table = plain_table(escape(one_line(f"{group[0].benchmark}: medians over seeds (minimum)")))
        rows = any(run.row for run in group)
        for heading in (
            "folder",
            "dataset",
            *(["row"] if rows else []),
            "settings",
            "seeds",
            *(HEADINGS.get(name, name) for name in metrics),
            "commit",
            "age",
        ):
            table.add_column(heading, overflow="fold")
        for run, found in zip(group, differences(group), strict=True):
            settings = "  ".join(f"{name}={_value(value)}" for name, value in found.items())
            seeds = str(len(run.seeds)) if run.finished else "unfinished"
            seeds += f", {len(run.failed)} failed" if run.failed else ""
            cells = [_cell(name, run.summary.get(name)) for name in metrics]
            row = [run.row] if rows else []
            cells = [
                run.folder,
                run.dataset,
                *row,
                settings,
                seeds,
                *cells,
                run.commit,
                age(now - run.modified),
            ]
            table.add_row(*(Text(one_line(cell)) for cell in cells))  # as it is: no [markup] of rich
        tables.append(table)
    return tables


def age(seconds: float) -> str:
    """`40s`, `12m`, `3h`, `5d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{max(0, int(seconds))}s"


def _cell(name: str, found: Mapping[str, float] | None) -> str:
    if found is None:
        return ""
    form = ".0f" if name == "seconds" else ".3f"
    return f"{found['median']:{form}} ({found['min']:{form}})"


def _value(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
