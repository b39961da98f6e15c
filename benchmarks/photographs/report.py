"""The benchmark's part of results.json, and its closing table: a row a seed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.photographs.config import PhotographsConfig
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.report import tables


def body(config: PhotographsConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """The summary, and how often there was which verdict."""
    kinds = [run["verdict"]["verdict"] for run in runs]
    return {
        "summary": summarise([run["metrics"] for run in runs]) if runs else {},
        "verdicts": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
    }


def report(config: PhotographsConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """A row a seed, and what labels and k-means make of the same features."""
    extra = " and the other images" if config.extra else ""
    title = f"a + b = c from {config.triples:,} triples{extra}, {config.dataset} by {config.features}, unseen images"
    seeds = [(run["seed"], run["metrics"], run["verdict"]["verdict"]) for run in runs]
    console.print(tables.seeds_table(seeds, body(config, runs)["summary"], title))
    metrics = runs[0]["metrics"]
    console.print(
        f"on the same features, a linear head that is given all labels: {metrics['supervised']:.3f}; k-means, under"
        f" the best renaming: {metrics['kmeans']:.3f}",
        highlight=False,
        soft_wrap=True,
    )
