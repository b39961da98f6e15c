"""How much faster compiled circuits are than DeepProbLog's engine, and how they grow: python -m
benchmarks.circuits

Both run the same programs on the same batches in the same process. DeepProbLog's ExactEngine has its cache
on, and its circuits are compiled before the clock starts.
"""

from dataclasses import asdict, dataclass

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import circuits_run as run
from benchmarks import experiment
from benchmarks.circuits_plot import plot_growth


@dataclass(frozen=True, kw_only=True)
class CircuitsConfig(experiment.PlaceConfig):
    """Time compiled circuits against DeepProbLog's ExactEngine."""

    digits: tuple[int, ...] = (1, 2, 4, 8, 15, 32, 64)
    """numbers of digits of the carry adder"""
    batches: tuple[int, ...] = (1, 4, 16, 64, 256, 1024, 4096)
    """batch sizes for the one-digit sum"""
    batch_size: int = 128
    """batch of everything else"""
    reference_queries: int = 16
    """queries in a batch of the reference at two digits, each of which costs the same; at one digit,
    --batch-size
    """
    repeats: int = 10
    """timed runs of each; the fastest counts"""
    klay_digits: int = 32
    """digits up to which the same circuits are also timed on KLay's own layers"""
    lenet: bool = True
    """also time with DeepProbLog's LeNet in front"""
    threads: int = 1
    """CPU threads of torch (0: as torch likes); the reference always runs on the CPU"""


Row = dict[str, float | str]


def main(config: CircuitsConfig) -> None:
    """Time, tabulate, plot and write."""
    device = config.prepare()
    folder = config.folder("circuits")
    console = Console(width=None if Console().is_terminal else 130)
    against = compare(config, device, console)
    digits = [grow_digits(config, device, count, console) for count in config.digits]
    batches = grow_batches(config, device, console)
    query, _ = run.compile_task(run.sum_task(), run.Given())
    metrics = headline(against, digits) | {
        "error_float32": run.worst_error(query, torch.float32),
        "error_float64": run.worst_error(query, torch.float64),
    }
    runs = [{"seed": 0, "metrics": metrics}]
    body = {
        "runs": runs,
        "summary": experiment.summarise([metrics]),
        "against_reference": against,
        "digits": digits,
        "batches": batches,
    }
    console.print(_table("against DeepProbLog's ExactEngine, milliseconds a query", against))
    console.print(_table(f"carry adder, batch {config.batch_size}, milliseconds a query", digits))
    console.print(_table("one-digit sum by batch size, milliseconds a query", batches))
    console.print(_table("headline", [{"figure": name, "value": value} for name, value in metrics.items()]))
    plot_growth(digits, batches, against, folder / "growth.png")
    path = experiment.write_results(folder, "circuits", asdict(config), device, body)
    console.print(f"written: {path}, {folder / 'growth.png'}")


def compare(config: CircuitsConfig, device: torch.device, console: Console) -> list[Row]:
    """Both engines on one and two digits, logic alone and with a LeNet; the last is a query for all 199
    answers.
    """
    rows: list[Row] = []
    cases = [(run.sum_task(), False, lenet) for lenet in ((False, True) if config.lenet else (False,))]
    cases += [(run.numbers_task(), False, False), (run.numbers_task(), True, False)]
    for task, free, lenet in cases:
        name = f"{task.name}{', all answers' if free else ''}{', LeNet' if lenet else ''}"
        console.print(f"{name} ...", highlight=False)
        network = run.LeNet() if lenet else run.Given()
        query, seconds = run.compile_task(task, network)
        step = run.circuit_step(task, query, config.batch_size, device, network, lenet)
        # A query for all sums of two digits takes the reference seconds, so a single one is timed, once.
        queries = 1 if free else config.batch_size if task.program == "sum" else config.reference_queries
        repeats = 1 if free else max(1, config.repeats // 3)
        reference = run.reference_step(task, free, queries, lenet)
        row: Row = {"task": name, "compile s": seconds}
        for label, backward in (("forward", False), ("both", True)):
            ours = run.milliseconds(step, backward, config.repeats) / config.batch_size
            theirs = run.milliseconds(reference, backward, repeats) / queries
            row |= {label: ours, f"{label}, reference": theirs, f"{label}, times": theirs / ours}
        rows.append(row)
    return rows


def grow_digits(config: CircuitsConfig, device: torch.device, digits: int, console: Console) -> Row:
    """Compile time, size, memory and time per query of the carry adder."""
    console.print(f"{digits} digits ...", highlight=False)
    task = run.carry_task(digits)
    query, seconds = run.compile_task(task, run.Given())
    step = run.circuit_step(task, query, config.batch_size, device, run.Given(), lenet=False)
    plan = query.shape.plan
    row: Row = {"digits": digits, "compile s": seconds, "edges": plan.edges, "depth": len(plan.levels)}
    for label, backward in (("forward", False), ("both", True)):
        row[label] = run.milliseconds(step, backward, config.repeats) / config.batch_size
    if digits <= config.klay_digits:
        klay = run.circuit_step(task, run.on_klay(query), config.batch_size, device, run.Given(), lenet=False)
        row["both, KLay"] = run.milliseconds(klay, True, max(1, config.repeats // 3)) / config.batch_size
    row["MiB"] = run.peak_memory(query, config.batch_size)
    return row


def grow_batches(config: CircuitsConfig, device: torch.device, console: Console) -> list[Row]:
    """Time per query of the one-digit sum, all 19 answers at once."""
    console.print("batch sizes ...", highlight=False)
    task = run.sum_task()
    query, _ = run.compile_task(task, run.Given())
    rows: list[Row] = []
    for batch in config.batches:
        step = run.circuit_step(task, query, batch, device, run.Given(), lenet=False)
        times = {
            label: run.milliseconds(step, backward, config.repeats) / batch
            for label, backward in (("forward", False), ("both", True))
        }
        rows.append({"batch": batch, **times})
    return rows


def headline(against: list[Row], digits: list[Row]) -> dict[str, float]:
    """The figures people ask for first."""
    found = {str(row["task"]): row for row in against}
    metrics = {
        "one_digit_times": float(found["one digit"]["both, times"]),
        "two_digits_all_answers_times": float(found["two digits, all answers"]["both, times"]),
    }
    for row in digits:
        metrics[f"digits_{row['digits']}_compile_seconds"] = float(row["compile s"])
        metrics[f"digits_{row['digits']}_ms_per_query"] = float(row["both"])
    return metrics


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(_cell(row.get(name, "")) for name in rows[0]))
    return table


def _cell(value: float | str) -> str:
    if isinstance(value, str | int):
        return f"{value:,}" if isinstance(value, int) else value
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    experiment.run_cli(CircuitsConfig, main, "circuits")
