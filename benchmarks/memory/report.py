"""The table of the memory benchmark, and what results.json holds of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.memory.config import MemoryConfig
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise

BAR = 1.2e9
"""Bytes resident in all while training on 50,000 colour images of 32x32, at the most."""


def body(config: MemoryConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """The stages beside the run."""
    (run,) = runs
    metrics = run["metrics"]
    return {
        "runs": [{"seed": run["seed"], "metrics": metrics}],
        "summary": summarise([metrics]),
        "rows": run["rows"],
    }


def report(config: MemoryConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The table of the stages."""
    (run,) = runs
    console.print(table(config, run["rows"]))


def table(config: MemoryConfig, rows: list[dict]) -> Table:
    """Peak and present memory at the end of each stage, in GB of 10^9 bytes."""
    shape = f"{config.channels}x{config.image_size}x{config.image_size}"
    title = f"Resident memory of training on {config.images:,} images of {shape} kept as {config.stored}, GB"
    found = Table(title=title, title_justify="left")
    for heading in ("stage", "peak so far", "resident", "more than before"):
        found.add_column(heading, justify="left" if heading == "stage" else "right")
    before = 0
    for row in rows:
        more = row["resident"] - before
        found.add_row(
            row["stage"], f"{row['peak'] / 1e9:.3f}", f"{row['resident'] / 1e9:.3f}", f"{more / 1e9:+.3f}"
        )
        before = row["resident"]
    verdict = "within" if rows[-1]["peak"] <= BAR else "beyond"
    found.caption = f"{verdict} the bar of {BAR / 1e9:.1f} GB for 50,000 colour images of 32x32"
    return found
