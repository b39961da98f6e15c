"""The tables of the circuits benchmark, its picture, and what results.json holds of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.circuits import repository
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.plot import plot_growth, plot_scaling
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise

Row = dict[str, float | str]

AGAINST, DIGITS, BATCHES, ERRORS = "against_reference", "digits", "batches", "errors"
SCALING, REPOSITORY, PEERS = "scaling", "repository", "peers"
"""Parts of the benchmark; all but the errors are tables."""


def rows_of(part: str, runs: Sequence[Run]) -> list[Row]:
    """The rows of a table, as far as they are there."""
    return [run["row"] for run in runs if run["part"] == part]


def body(config: CircuitsConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """The headline as one run, and the tables; of --scaling, --repository and --peers a run a row."""
    if config.scaling or config.peers or config.repository is not None:
        rows = [row for part in (SCALING, REPOSITORY, PEERS) for row in rows_of(part, runs)]
        return {"runs": [_as_run(row) for row in rows], "summary": repository.summary(rows)}
    metrics = headline(runs)
    return {
        "runs": [{"seed": 0, "metrics": metrics}],
        "summary": summarise([metrics]),
        **{part: rows_of(part, runs) for part in (AGAINST, DIGITS, BATCHES)},
    }


def _as_run(row: Row) -> Run:
    """What is a number is a metric; what is not tells the run from the others, or says why there is no number."""
    words = {name: value for name, value in row.items() if isinstance(value, str) or name == "N"}
    metrics = {name: value for name, value in row.items() if name not in words}
    return {"seed": 0, **words, "metrics": {"solved": float("edges" in row or "times" in row), **metrics}}


def headline(runs: Sequence[Run]) -> dict[str, float]:
    """The figures people ask for first."""
    metrics: dict[str, float] = {}
    named = {"one digit": "one_digit_times", "two digits, all answers": "two_digits_all_answers_times"}
    for row in rows_of(AGAINST, runs):
        if row["task"] in named:
            metrics[named[str(row["task"])]] = float(row["both, times"])
    for row in rows_of(DIGITS, runs):
        metrics[f"digits_{row['digits']}_compile_seconds"] = float(row["compile s"])
        metrics[f"digits_{row['digits']}_ms_per_query"] = float(row["both"])
    for run in runs:
        metrics |= run["metrics"]
    return metrics


def report(config: CircuitsConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The tables, and growth.png, or scaling.png."""
    against, digits, batches = (rows_of(part, runs) for part in (AGAINST, DIGITS, BATCHES))
    figures: list[Row] = [{"figure": name, "value": value} for name, value in headline(runs).items()]
    for title, rows in (
        ("against DeepProbLog's ExactEngine, milliseconds a query", against),
        (f"carry adder, batch {config.batch_size}, milliseconds a query", digits),
        ("one-digit sum by batch size, milliseconds a query", batches),
        ("headline", figures),
    ):
        if rows:
            console.print(table(title, rows))
    if config.scaling:
        names = (
            "family",
            "N",
            "nodes",
            "ground s",
            "compile s",
            "evaluate s",
            "ProbLog s",
            "edges",
            "depth",
            "by",
        )
        rows = [{name: row.get(name, "") for name in names} for row in rows_of(SCALING, runs)]
        console.print(table("families of programs, CPU seconds", rows))
        plot_scaling(rows_of(SCALING, runs), folder / "scaling.png")
        return
    if config.peers:
        shown = ("program", "answers", "edges", "DeepLog us", "ours us", "times", "apart", "note")
        rows = [{name: row.get(name, "") for name in shown} for row in rows_of(PEERS, runs)]
        console.print(table(f"beside DeepLog, batch {config.batch_size}, CPU microseconds a query", rows))
        found = repository.summary(rows_of(PEERS, runs))
        console.print(
            table("all programs", [{"figure": name, "value": value} for name, value in found.items()])
        )
        return
    if config.repository is not None:
        shown = ("model", "variant", "queries", "stock", "ours", "times", "apart", "gradients apart", "note")
        rows = [{name: row.get(name, "") for name in shown} for row in rows_of(REPOSITORY, runs)]
        console.print(table("DeepProbLog's repository, CPU milliseconds a query", rows))
        found = repository.summary(rows_of(REPOSITORY, runs))
        console.print(
            table("all that stock runs", [{"figure": name, "value": value} for name, value in found.items()])
        )
        return
    plot_growth(digits, batches, against, folder / "growth.png")


def table(title: str, rows: Sequence[Row]) -> Table:
    """A column for each figure of the first row."""
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(
            name, justify="left" if isinstance(rows[0][name], str) and rows[0][name] else "right"
        )
    for row in rows:
        table.add_row(*(_cell(row.get(name, "")) for name in rows[0]))
    return table


def _cell(value: float | str) -> str:
    if isinstance(value, str | int):
        return f"{value:,}" if isinstance(value, int) else value
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
