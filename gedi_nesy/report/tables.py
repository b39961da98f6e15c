"""Tables for the terminal, from metrics by name."""

from collections.abc import Mapping, Sequence

from gedi_nesy.extras import needs

with needs("report"):
    from rich import box
    from rich.table import Table

Metrics = Mapping[str, float]
Summary = Mapping[str, Mapping[str, float]]

# "used" counts symbols, "clust." is accuracy under the best renaming, "P(query)" is the mean over held-out queries,
# "OOD" the AUROC of the energy, unseen images against what is none
HEADINGS = {
    "accuracy": "acc.",
    "clustering_accuracy": "clust.",
    "nmi": "NMI",
    "symbols_in_use": "used",
    "p_constraint": "P(query)",
    "ood_auroc": "OOD",
    "seconds": "sec.",
}


def plain_table(title: str) -> Table:
    """An empty table in the style of all of ours."""
    return Table(
        title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )


def figure(value: float | None) -> str:
    """Three decimal places; nothing where there is none."""
    return "" if value is None else f"{value:.3f}"


def _cell(name: str, value: float) -> str:
    if name == "symbols_in_use":
        return f"{value:.0f}"
    return f"{value:.0f}" if name == "seconds" else f"{value:.3f}"


def seeds_table(runs: Sequence[tuple[int, Metrics, str]], summary: Summary, title: str) -> Table:
    """A row a seed (seed, metrics, verdict), then median and minimum."""
    names = [name for name in HEADINGS if name in runs[0][1]]
    table = plain_table(title)
    table.add_column("seed", justify="right")
    for name in names:
        table.add_column(HEADINGS[name], justify="right")
    table.add_column("verdict")
    for seed, metrics, kind in runs:
        table.add_row(str(seed), *(_cell(name, metrics[name]) for name in names), kind)
    if len(runs) > 1:
        table.add_section()
        for statistic in ("median", "min"):
            table.add_row(statistic, *(_cell(name, summary[name][statistic]) for name in names), "")
    return table


def rows_table(
    rows: Mapping[str, tuple[Summary, str]], title: str, restarts: Mapping[str, str] | None = None
) -> Table:
    """A row a variant (summary over its seeds, verdicts in words): medians, and the minimum of the accuracy.

    `restarts` says what search each row was given: `3/8`, restarts made of those allowed.
    """
    summaries = [summary for summary, _ in rows.values()]
    names = [name for name in HEADINGS if name in summaries[0] and name not in ("symbols_in_use", "seconds")]
    table = plain_table(title)
    table.add_column("terms", no_wrap=True)
    for name in names:
        table.add_column(HEADINGS[name], justify="right")
        if name == "accuracy":
            table.add_column("min.", justify="right")
    if restarts is not None:
        table.add_column("restarts", justify="right")
    table.add_column("verdict")
    for label, (summary, kinds) in rows.items():
        cells = []
        for name in names:
            cells.append(_cell(name, summary[name]["median"]))
            if name == "accuracy":
                cells.append(_cell(name, summary[name]["min"]))
        if restarts is not None:
            cells.append(restarts[label])
        table.add_row(label, *cells, kinds)
    return table
