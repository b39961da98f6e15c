"""How time per query grows with digits and with batch size, on logarithmic axes."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]


def plot_growth(digits: Rows, batches: Rows, against: Rows, path: Path) -> Path:
    """Two panels: digits, with the reference where it was timed, and batch size."""
    figure = Figure(figsize=(9, 3.8))
    left, right = figure.subplots(1, 2)
    for label, name in (("forward", "forward"), ("both", "forward + backward")):
        left.loglog([row["digits"] for row in digits], [row[label] for row in digits], "o-", label=name)
        right.loglog([row["batch"] for row in batches], [row[label] for row in batches], "o-", label=name)
    reference = {"one digit": 1, "two digits": 2}
    points = [(reference[row["task"]], row["both, reference"]) for row in against if row["task"] in reference]
    if points:
        left.loglog(*zip(*points, strict=True), "s--", color="black", label="DeepProbLog, forward + backward")
    left.set(title="carry adder", xlabel="digits", ylabel="milliseconds a query")
    right.set(title="one-digit sum, all answers", xlabel="batch size")
    for axes in (left, right):
        axes.grid(True, which="both", alpha=0.2)
        axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    return path


def plot_scaling(rows: Rows, path: Path) -> Path:
    """Three panels against the nodes of the ground graph: CPU seconds of grounding and of compiling, and edges of the
    circuit, each with a line as steep
    as N log N.
    """
    figure = Figure(figsize=(13, 4.2))
    panels = figure.subplots(1, 3)
    shown = (
        ("ground s", "grounding, CPU seconds"),
        ("compile s", "compiling, CPU seconds"),
        ("edges", "edges"),
    )
    families = list(dict.fromkeys(row["family"] for row in rows))
    for axes, (name, title) in zip(panels, shown, strict=True):
        for number, family in enumerate(families):
            points = [(row["nodes"], row[name]) for row in rows if row["family"] == family and row.get(name)]
            if points:
                style = ("o-", "s--", "^:")[number // 10]
                axes.loglog(
                    *zip(*points, strict=True), style, color=f"C{number % 10}", label=family, markersize=4
                )
        _steepness(axes, [(row["nodes"], row[name]) for row in rows if row.get(name)])
        axes.set(title=title, xlabel="nodes of the ground graph")
        axes.grid(True, which="major", alpha=0.2)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="center left", bbox_to_anchor=(0.91, 0.5), fontsize=8
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    return path


def _steepness(axes: Any, points: Sequence[tuple[float, float]]) -> None:
    """A grey line of N log N up to the largest of the points, for comparison by eye."""
    if not points:
        return
    first, last, top = min(points)[0], max(points)[0], max(value for _, value in points)
    sizes = [first * (last / first) ** (step / 20) for step in range(21)]
    most = last * math.log(last)
    axes.plot(
        sizes,
        [top * size * math.log(size) / most for size in sizes],
        color="grey",
        alpha=0.5,
        label="N log N",
    )
