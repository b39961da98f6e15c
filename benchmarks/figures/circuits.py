"""The tables of the circuits benchmark: how families of programs grow, and DeepProbLog's repository."""

import math
from collections.abc import Sequence

from benchmarks.figures.cells import Document, Runs, grouped, markdown


def scaling(documents: Sequence[Document]) -> str:
    """A row a family, its sizes side by side; how steep it is between the two largest that were solved."""
    rows = []
    for family, runs in grouped(documents[0]["runs"], "family").items():
        solved = [run for run in runs if run["metrics"]["solved"]]
        sizes = ", ".join(f"{run['N']:,}".replace(",", " ") for run in runs)
        rows.append(
            [
                family,
                sizes,
                *(_cells(runs, name) for name in ("ground s", "compile s", "evaluate s")),
                _cells(runs, "edges", whole=True),
                f"{_steepness(solved, 'edges'):.2f}, {_steepness(solved, 'compile s'):.2f}",
                _cells(runs, "ProbLog s"),
            ]
        )
    heads = ["family", "N", "grounding", "compiling", "evaluating", "edges", "exponents", "ProbLog"]
    if not any("ProbLog s" in {**run, **run["metrics"]} for run in documents[0]["runs"]):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    return markdown(heads, rows)


def repository(documents: Sequence[Document]) -> str:
    """A row a model, what DeepProbLog is set up with side by side."""
    rows = []
    for model, runs in grouped(documents[0]["runs"], "model").items():
        notes = dict.fromkeys(run["note"] for run in runs if run.get("note"))
        figures = [[run["metrics"].get(name) for run in runs] for name in ("stock", "ours", "times")]
        cells = [", ".join("-" if value is None else _short(value) for value in values) for values in figures]
        worst = [
            max((run["metrics"].get(name, 0.0) for run in runs), default=0.0)
            for name in ("apart", "gradients apart")
        ]
        rows.append(
            [model, str(runs[0]["metrics"]["queries"]), *cells, *map(_power, worst), "; ".join(notes)]
        )
    heads = ["model", "batch", "DeepProbLog, ms", "accelerated, ms", "times", "P apart", "gradients", "note"]
    return markdown(heads, rows)


def peers(documents: Sequence[Document]) -> str:
    """A row a program; in a note why DeepLog is left out."""
    rows = []
    for run in documents[0]["runs"]:
        metrics = run["metrics"]
        shown = [
            _short(metrics[name]) if name in metrics else "-" for name in ("DeepLog us", "ours us", "times")
        ]
        sizes = [
            f"{metrics[name]:,}".replace(",", " ") if name in metrics else "-"
            for name in ("answers", "edges")
        ]
        rows.append([run["program"], *sizes, *shown, run.get("note", "")])
    heads = ["program", "answers", "edges", "DeepLog, us", "here, us", "times", "note"]
    return markdown(heads, rows)


def _cells(runs: Runs, name: str, whole: bool = False) -> str:
    """Side by side; in a word why there is none."""
    found = []
    for run in runs:
        value = run["metrics"].get(name, run.get(name, run["by"]))
        if isinstance(value, str):
            found.append(value)
        else:
            found.append(f"{value:,}".replace(",", " ") if whole else _short(value))
    return ", ".join(found)


def _steepness(runs: Runs, name: str) -> float:
    """The exponent e of nodes^e between the last two."""
    (a, b), (c, d) = ((run["metrics"]["nodes"], run["metrics"][name]) for run in runs[-2:])
    return math.log(d / b) / math.log(c / a)


def _short(value: float) -> str:
    """Two digits that say something, and no power of ten."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2g}" if value >= 0.01 else f"{value:.1g}"


def _power(value: float) -> str:
    return f"{value:.0e}" if value else "0"
