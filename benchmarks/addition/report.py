"""The addition benchmark's part of results.json, its closing table, and the pictures of a run."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.addition.config import AdditionConfig
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.data.pixels import to_float
from gedi_nesy.metrics import clustering
from gedi_nesy.report import plots, tables
from gedi_nesy.training.loop import Outcome


def body(config: AdditionConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """`summary` is that of the row with all terms."""
    found = summaries(config, runs)
    if config.ablation:
        return {"summary": found.get("all four", {}), "ablation": found}
    return {"summary": found[""]}


def report(config: AdditionConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """A row a seed, or a row a set of terms."""
    found = summaries(config, runs)
    extra = "" if config.unlabelled == "0" else f", {config.unlabelled} unlabelled"
    title = f"a + b = c from {config.triples} triples{extra}, {config.dataset}, unseen images"
    if config.ablation:
        rows = {row: (summary, _kinds(row, runs)) for row, summary in found.items()}
        console.print(tables.rows_table(rows, title, {row: _restarts(config, row, runs) for row in rows}))
    else:
        seeds = [(run["seed"], run["metrics"], run["kind"]) for run in runs]
        console.print(tables.seeds_table(seeds, found[""], title))


def summaries(config: AdditionConfig, runs: Sequence[Run]) -> dict[str, dict[str, dict[str, float]]]:
    """By row, in the order of the rows, the statistics of every metric; a row without a run is left out."""
    by_row = {row: [run["metrics"] for run in runs if run["row"] == row] for row in config.rows()}
    return {row: summarise(metrics) for row, metrics in by_row.items() if metrics}


def _restarts(config: AdditionConfig, row: str, runs: Sequence[Run]) -> str:
    """`3/8`: restarts made at the most, of those allowed; without logic the first is always accepted."""
    made = max(len(run["attempts"]) for run in runs if run["row"] == row)
    return f"{made}/{config.train.attempts if config.variant(row).train.objective['nesy'] else 1}"


def _kinds(row: str, runs: Sequence[Run]) -> str:
    """`4 grounded, 1 permuted`."""
    counts = Counter(run["kind"] for run in runs if run["row"] == row)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def draw(folder: Path, dataset: Dataset, predictions: np.ndarray, outcome: Outcome) -> None:
    """What the symbols are, where they are confused, how the terms went, and samples where there are any."""
    clusters = outcome.model.num_clusters
    images, labels = to_float(dataset.test.images).numpy(), dataset.test.labels.numpy()
    order = np.random.default_rng(0).permutation(len(labels))
    plots.symbol_rows(images[order], labels[order], predictions[order], clusters, folder / "symbols.png")
    plots.confusion(clustering.confusion_matrix(labels, predictions, clusters), folder / "confusion.png")
    steps = outcome.history
    names = dict.fromkeys(name for step in steps for name in step.terms)
    series = {name: [step.terms.get(name) for step in steps] for name in names}
    terms = {
        name: [np.nan if value is None else value for value in values]
        for name, values in series.items()
        if values.count(None) < len(values)
    }
    phases = {
        index: step.phase.removeprefix("attempt ")
        for index, step in enumerate(steps)
        if index == 0 or steps[index - 1].phase != step.phase
    }
    plots.curves(terms, phases, folder / "curves.png")
    if any(step.terms["gen"] is not None for step in steps):
        network = outcome.learner.only
        plots.gallery(
            {
                "generated: persistent chains after training": network.replay.chains[:48].cpu().numpy(),
                "where chains begin": network.model.start(outcome.learner.generator, 16).cpu().numpy(),
                "training images": to_float(
                    network.shown.inputs[
                        network.train_indices[:: max(1, len(network.train_indices) // 16)][:16]
                    ]
                )
                .cpu()
                .numpy(),
            },
            folder / "samples.png",
        )
