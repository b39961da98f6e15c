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
