"""The table of the toy benchmark."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.pictures import pictures
from gedi_nesy.report import tables


def summary(runs: Sequence[Run]) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Statistics of every metric, by data set and method."""
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for dataset, method in dict.fromkeys((run["dataset"], run["method"]) for run in runs):
        alike = [run["metrics"] for run in runs if (run["dataset"], run["method"]) == (dataset, method)]
        found.setdefault(dataset, {})[method] = summarise(alike)
    return found


def table(runs: Sequence[Run], config: ToyConfig) -> Table:
    """A row a method and data set: search, NMI, medians of accuracy, of samples near a manifold and their shares."""
    seeds = len({run["seed"] for run in runs})
    title = f"NMI on unseen points, {seeds} seeds, noise {config.noise:g}, {config.preset} preset"
    made = tables.plain_table(title)
    made.add_column("data", no_wrap=True)
    made.add_column("method", no_wrap=True)
    made.add_column("search", no_wrap=True)
    for heading in ("mean", "std", "median", "min.", "acc.", "near", "shares", "sec."):
        made.add_column(heading, justify="right", no_wrap=True)
    searches = {run["method"]: run.get("search", "") for run in runs}
    for dataset, rows in summary(runs).items():
        for method, found in rows.items():
            made.add_row(Path(dataset).name, method, searches[method], *_cells(found))
        made.add_section()
    return made


def _cells(found: dict[str, dict[str, float]]) -> list[str]:
    cells = ["-"] * 5
    if "nmi" in found:
        cells = [f"{found['nmi'][name]:.3f}" for name in ("mean", "std", "median", "min")]
        cells.append(f"{found['clustering_accuracy']['median']:.3f}")
    near = f"{found['samples_near']['median']:.2f}" if "samples_near" in found else "-"
    shares = [found[name]["median"] for name in sorted(found) if name.startswith("share_")]
    return [
        *cells,
        near,
        " ".join(f"{share:.2f}" for share in shares) or "-",
        f"{found['seconds']['mean']:.1f}",
    ]


def report(config: ToyConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """Pictures, then the table."""
    pictures(folder, config, runs)
    console.print(table(runs, config))
