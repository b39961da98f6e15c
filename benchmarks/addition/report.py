"""The addition benchmark's part of results.json, and its closing table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.addition.config import AdditionConfig
from benchmarks.addition.run import Run
from benchmarks.runner.results import summarise, write_results
from gedi_nesy.report import tables


def write(
    folder: Path,
    config: AdditionConfig,
    device: torch.device,
    variants: dict[str, AdditionConfig],
    runs: list[Run],
) -> None:
    """After every run, so that a long job that is stopped has lost nothing."""
    summaries = _summaries(_by_row(variants, runs))
    main_row = "all four" if config.ablation else ""
    body = {"runs": [asdict(run) for run in runs], "summary": summaries.get(main_row, {})}
    if config.ablation:
        body["ablation"] = summaries
    write_results(folder, "addition", asdict(config), device, body)


def report(
    console: Console,
    config: AdditionConfig,
    variants: dict[str, AdditionConfig],
    runs: list[Run],
    folder: Path,
) -> None:
    by_row = _by_row(variants, runs)
    summaries = _summaries(by_row)
    unlabelled = "" if config.unlabelled == "0" else f", {config.unlabelled} unlabelled"
    title = f"a + b = c from {config.triples} triples{unlabelled}, {config.dataset}, unseen images"
    if config.ablation:
        rows = {row: (summaries[row], _kinds(done)) for row, done in by_row.items()}
        console.print(tables.rows_table(rows, title))
    else:
        console.print(
            tables.seeds_table([(run.seed, run.metrics, run.kind) for run in runs], summaries[""], title)
        )
    console.print(f"results, pictures and models: {folder}", highlight=False)


def _by_row(variants: Iterable[str], runs: list[Run]) -> dict[str, list[Run]]:
    """The runs of each row, in the order of the rows; a row not begun yet is left out."""
    found = {row: [run for run in runs if run.row == row] for row in variants}
    return {row: done for row, done in found.items() if done}


def _summaries(by_row: dict[str, list[Run]]) -> dict[str, dict[str, dict[str, float]]]:
    return {row: summarise([run.metrics for run in done]) for row, done in by_row.items()}


def _kinds(runs: list[Run]) -> str:
    """`4 grounded, 1 permuted`."""
    counts = Counter(run.kind for run in runs)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
