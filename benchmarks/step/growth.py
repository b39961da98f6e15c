"""What a step costs as one quantity grows: images, chains, width or clusters, everything else as it is."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter
from rich.table import Table

from benchmarks.step.case import Case

Quantity = Literal["images", "chains", "width", "clusters"]

VALUES: dict[Quantity, tuple[int, ...]] = {
    "images": (16, 32, 64, 128, 256),
    "chains": (8, 16, 32, 64, 128),
    "width": (8, 16, 32, 64),
    "clusters": (10, 30, 100, 300, 1000),
}
"""What each is set to."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Grown:
    """One point of a curve."""

    quantity: Quantity
    value: int
    case: Case


def grown(case: Case, quantities: Sequence[Quantity]) -> Iterator[Grown]:
    """The case with one quantity after the other at each of its values."""
    for quantity in quantities:
        for value in VALUES[quantity]:
            changed = {"images": "batch_size"}.get(quantity, quantity)
            # chains stay as many as they are when images grow
            usual = replace(case, chains=case.num_chains)
            yield Grown(quantity=quantity, value=value, case=replace(usual, **{changed: value}))


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """b of milliseconds = a * value ** b, by least squares of the logarithms; NaN for fewer than two values."""
    if len(points) < 2:
        return math.nan
    values, times = np.log(np.array(points, dtype=float)).T
    return float(np.polyfit(values, times, 1)[0])


def table(rows: Sequence[Row], title: str) -> Table:
    """A row a network and quantity: milliseconds at each value, and the exponent over the upper half of them."""
    found = Table(title=title, title_justify="left")
    for name in ("network", "what grows"):
        found.add_column(name)
    found.add_column("milliseconds a step at each value")
    found.add_column("exponent", justify="right")
    for network, quantity, curve in curves(rows):
        cells = "  ".join(f"{value}: {time:.1f}" for value, time in curve)
        found.add_row(network, quantity, cells, f"{exponent(curve[-3:]):.2f}")
    return found


def curves(rows: Sequence[Row]) -> Iterator[tuple[str, str, list[tuple[int, float]]]]:
    """(network, quantity, [(value, milliseconds)]), in the order of the rows."""
    for network, quantity in dict.fromkeys((row["network"], row["quantity"]) for row in rows):
        chosen = [row for row in rows if (row["network"], row["quantity"]) == (network, quantity)]
        yield network, quantity, [(row["value"], row["step_ms"]) for row in chosen]


def plot(rows: Sequence[Row], path: Path) -> Path:
    """A panel a quantity, on logarithmic axes, a line a network."""
    quantities = list(dict.fromkeys(row["quantity"] for row in rows))
    figure = Figure(figsize=(3.4 * len(quantities), 3.2))
    panels = figure.subplots(1, len(quantities), sharey=True, squeeze=False)[0]
    for axes, wanted in zip(panels, quantities, strict=True):
        for network, quantity, curve in curves(rows):
            if quantity == wanted:
                axes.loglog(*zip(*curve, strict=True), "o-", label=network, markersize=4)
        values = sorted({row["value"] for row in rows if row["quantity"] == wanted})
        axes.set_xticks(values, [str(value) for value in values], minor=False)
        axes.set_xticks([], minor=True)
        axes.set(xlabel=wanted)
        axes.grid(True, which="major", alpha=0.2)
    panels[0].set(ylabel="milliseconds a step")
    panels[0].yaxis.set_major_formatter(ScalarFormatter())
    panels[0].yaxis.set_minor_formatter(ScalarFormatter())
    panels[0].legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    return path
