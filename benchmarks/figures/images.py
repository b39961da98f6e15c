"""The tables of the images benchmark: how well classes are found, and other sets told apart."""

import statistics
from collections.abc import Sequence

from benchmarks.figures.cells import Document, grouped, markdown, median, median_min, side_by_side
from benchmarks.runner.results import summarise
from gedi_nesy.report import likelihood


def clusters(documents: Sequence[Document]) -> str:
    """A row a method; "-" where nothing is sampled."""
    rows = []
    for name, runs in grouped(documents[0]["runs"], "row").items():
        found = [median_min(runs, metric) for metric in ("nmi", "clustering_accuracy", "ari")]
        read = [median(runs, metric) for metric in ("linear_probe", "knn", "ece")]
        near = side_by_side(runs, "fd", 0) if "fd" in runs[0]["metrics"] else "-"
        rows.append([name, str(len(runs)), *found, *read, near])
    heads = ["row", "seeds", "NMI, median (min.)", "ACC", "ARI", "probe", "20-NN", "ECE", "FD-Lite0"]
    return markdown(heads, rows)


def likelihood_added(documents: Sequence[Document]) -> str:
    """A row a method that stands with L_GEN and without."""
    runs = grouped(documents[0]["runs"], "row")
    found = {name: summarise([run["metrics"] for run in each]) for name, each in runs.items()}
    return markdown(["method", *likelihood.COMPARED.values()], likelihood.rows(found))


def told_apart(documents: Sequence[Document]) -> str:
    """A row a method and score, a column a set of other images: AUROC, median (minimum) over the seeds."""
    rows, columns = [], list(documents[0]["runs"][0]["auroc"])
    for name, runs in grouped(documents[0]["runs"], "row").items():
        for score in runs[0]["auroc"][columns[0]]:
            cells = [[run["auroc"][other][score] for run in runs] for other in columns]
            rows.append(
                [name, score, *(f"{statistics.median(each):.3f} ({min(each):.3f})" for each in cells)]
            )
    return markdown(["row", "score", *columns], rows)
