"""How time per query grows with digits and with batch size, on logarithmic axes."""

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
    """Two panels against the nodes of the ground graph: CPU seconds of compiling, and edges of the circuit."""
    figure = Figure(figsize=(9, 3.8))
    panels = figure.subplots(1, 2)
    for family in dict.fromkeys(row["family"] for row in rows):
        found = [row for row in rows if row["family"] == family]
        for axes, name in zip(panels, ("compile s", "edges"), strict=True):
            axes.loglog([row["nodes"] for row in found], [row[name] for row in found], "o-", label=family)
    for axes, title in zip(panels, ("compiling, CPU seconds", "edges of the circuit"), strict=True):
        axes.set(title=title, xlabel="nodes of the ground graph")
        axes.grid(True, which="both", alpha=0.2)
    panels[1].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    return path
