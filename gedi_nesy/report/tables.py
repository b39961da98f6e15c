"""Tables for the terminal, from metrics by name."""

from collections.abc import Mapping, Sequence

from rich.table import Table

Metrics = Mapping[str, float]
Summary = Mapping[str, Mapping[str, float]]

HEADINGS = {
    "accuracy": "accuracy",
    "clustering_accuracy": "clustering acc.",
    "nmi": "NMI",
    "symbols_in_use": "symbols",
    "p_constraint": "P(constraint)",
    "seconds": "seconds",
}


def _cell(name: str, value: float) -> str:
    if name == "symbols_in_use":
        return f"{value:.0f}"
    return f"{value:.0f}" if name == "seconds" else f"{value:.3f}"


def seeds_table(runs: Sequence[tuple[int, Metrics, str]], summary: Summary, title: str) -> Table:
    """A row a seed (seed, metrics, verdict), then median and minimum."""
    names = [name for name in HEADINGS if name in runs[0][1]]
    table = Table(title=title, title_justify="left")
    table.add_column("seed", justify="right")
    for name in names:
        table.add_column(HEADINGS[name], justify="right")
    table.add_column("symbols are")
    for seed, metrics, kind in runs:
        table.add_row(str(seed), *(_cell(name, metrics[name]) for name in names), kind)
    if len(runs) > 1:
        table.add_section()
        for statistic in ("median", "min"):
            table.add_row(statistic, *(_cell(name, summary[name][statistic]) for name in names), "")
    return table


def rows_table(rows: Mapping[str, tuple[Summary, str]], title: str) -> Table:
    """A row a variant (summary over its seeds, verdicts in words): median, and minimum where it says more."""
    names = [name for name in HEADINGS if name in next(iter(rows.values()))[0]]
    table = Table(
        title=title, title_justify="left", caption="median (minimum) over the seeds", caption_justify="left"
    )
    table.add_column("terms")
    for name in names:
        table.add_column(HEADINGS[name], justify="right")
    table.add_column("symbols are")
    for label, (summary, kinds) in rows.items():
        cells = []
        for name in names:
            cell = _cell(name, summary[name]["median"])
            if name in ("accuracy", "clustering_accuracy", "nmi"):
                cell += f" ({_cell(name, summary[name]['min'])})"
            cells.append(cell)
        table.add_row(label, *cells, kinds)
    return table
