"""The images benchmark's part of results.json, and its closing table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.images.agreement import KMEANS
from benchmarks.images.config import ImagesConfig
from benchmarks.images.data import dataset_of
from benchmarks.images.outside import SCORES, Figures
from benchmarks.images.report.page import page_of
from benchmarks.images.report.pictures import pictures
from benchmarks.images.rows import ROWS
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.features.encoders import DEFAULT
from gedi_nesy.report import likelihood
from gedi_nesy.report.likelihood import Summaries
from gedi_nesy.report.page import content as page
from gedi_nesy.report.page.write import write_page
from gedi_nesy.report.tables import plain_table

HEADINGS = {
    "nmi": "NMI",
    "clustering_accuracy": "ACC",
    "ari": "ARI",
    "linear_probe": "probe",
    "knn": "20-NN",
    "ece": "ECE",
    "fd": "FD",
    "precision": "prec.",
    "recall": "recall",
    "ood_energy": "OOD",
    "peak_mb": "MB",
    "seconds": "sec.",
}
LITE = "FD-Lite0"
WITH_SPREAD, WHOLE = ("nmi",), ("fd", "peak_mb", "seconds")
"""Columns beside which the standard deviation over the seeds stands, and those of whole numbers."""


def body(config: ImagesConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """`summary` is that of the last row, which is GEDI unless others are asked for; `rows` has all."""
    found = summaries(config, runs)
    return {"summary": list(found.values())[-1] if found else {}, "rows": found}


def summaries(config: ImagesConfig, runs: Sequence[Run]) -> dict[str, dict[str, dict[str, float]]]:
    """By row, in their order, the statistics of every metric over the seeds."""
    by_row = {name: [run["metrics"] for run in runs if run["row"] == name] for name in config.rows()}
    return {name: summarise(metrics) for name, metrics in by_row.items() if metrics}


def report(config: ImagesConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The closing tables, the pictures of the first seed, and page.html, which holds all of them."""
    found = summaries(config, runs)
    if not found:
        return
    tables = [methods_table(config, found, runs), *added_tables(found), *others_tables(config, runs)]
    for made in tables:
        console.print(_printed(made))
    dataset = dataset_of(config)
    drawn = pictures(folder, config, list(found), dataset.test.images)
    write_page(folder / "page.html", page_of(config, title_of(config), found, tables, drawn))


def title_of(config: ImagesConfig) -> str:
    """What was asked of which images."""
    seeds = f"{len(config.seeds)} seed" + "s" * (len(config.seeds) > 1)
    return f"{config.dataset}, {config.preset} preset, {seeds}"


def methods_table(config: ImagesConfig, found: Summaries, runs: Sequence[Run]) -> page.Table:
    """A row a method: medians over the seeds on unseen images."""
    columns = [name for name in HEADINGS if any(name in summary for summary in found.values())]
    by_kmeans = {run["row"] for run in runs if run["clusters_by"] == KMEANS}
    notes = [f"* clusters by {KMEANS} of training images, of others by p(y|x)"]
    if "fd" in columns:
        halves = sorted({f"{row['fd_halves']['median']:.0f}" for row in found.values() if "fd" in row})
        notes.append(
            f"{heading('fd', config)}: Frechet distance of samples in features of {config.encoder}, which is no FID;"
            f" of two halves of the unseen images {', '.join(halves)}"
        )
    if "linear_probe" in columns:
        notes.append("probe and 20-NN are given the labels of training images, after training")
    return page.Table(
        title=f"{title_of(config)}: medians on unseen images, no labels in training",
        headings=["method", *(heading(name, config) for name in columns)],
        rows=[
            [f"{name}{'*' * (name in by_kmeans)}", *(_cell(column, summary) for column in columns)]
            for name, summary in found.items()
        ],
        note="; ".join(notes) + ".",
    )


def added_tables(found: Summaries) -> list[page.Table]:
    """What L_GEN adds, where a method stands with it and without; one seed says nothing of the spread."""
    rows = likelihood.rows(found)
    if not rows:
        return []
    return [
        page.Table(
            title="What L_GEN adds: medians without and with it",
            headings=["method", *likelihood.COMPARED.values()],
            rows=rows,
            note="better, worse: by more than the seeds' standard deviations. OOD: AUROC by energy and its gradient.",
        )
    ]


def heading(name: str, config: ImagesConfig) -> str:
    """FD-Lite0 is the distance in EfficientNet-lite0's features."""
    return LITE if name == "fd" and config.encoder == DEFAULT else HEADINGS[name]


def others_tables(config: ImagesConfig, runs: Sequence[Run]) -> list[page.Table]:
    """AUROC against each other set: of every method by energy, and of the last one with L_GEN by every score."""
    found: dict[str, list[Figures]] = {}
    for run in runs:
        if run["ood"]:
            found.setdefault(run["row"], []).append(run["ood"])
    rows = [name for name in config.rows() if name in found]
    if not rows:
        return []
    sets = list(found[rows[0]][0])
    generative = [name for name in rows if ROWS[name].generates] or rows
    return [
        page.Table(
            title="AUROC of unseen images against others, by energy",
            headings=["method", *sets],
            rows=[[name, *(_auroc(found[name], place, "energy") for place in sets)] for name in rows],
            note="Medians over the seeds. Without L_GEN the energy is not learned.",
        ),
        page.Table(
            title=f"AUROC of {generative[-1]}, by score",
            headings=["score", *sets],
            rows=[
                [score, *(_auroc(found[generative[-1]], place, score) for place in sets)] for score in SCORES
            ],
            note="Compression knows no model: what it tells apart is easy.",
        ),
    ]


def _auroc(figures: Sequence[Figures], place: str, score: str) -> str:
    return f"{median(each[place][score]['auroc'] for each in figures):.3f}"


def _printed(made: page.Table) -> Table:
    """For the terminal."""
    printed = plain_table(made.title)
    printed.caption = made.note
    for number, name in enumerate(made.headings):
        printed.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in made.rows:
        printed.add_row(*row)
    return printed


def _cell(name: str, summary: Mapping[str, Mapping[str, float]]) -> str:
    if name not in summary:
        return "-"
    found = summary[name]["median"]
    if name in WHOLE:
        return f"{found:.0f}"
    return f"{found:.3f}" + (f" +- {summary[name]['std']:.3f}" if name in WITH_SPREAD else "")
