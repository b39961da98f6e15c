"""How much faster compiled circuits are than DeepProbLog's engine, and how they grow: python -m
benchmarks.circuits

Both run the same programs on the same batches in the same process. DeepProbLog's ExactEngine has its cache
on, and its circuits are compiled before the clock starts.
"""

from dataclasses import asdict

import torch
from rich.console import Console

from benchmarks.circuits import tasks, timing
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.plot import plot_growth
from benchmarks.circuits.report import Row, headline, table
from benchmarks.runner.results import summarise, write_results


def main(config: CircuitsConfig) -> None:
    """Time, tabulate, plot and write."""
    device = config.prepare()
    folder = config.folder("circuits")
    console = Console(width=None if Console().is_terminal else 130)
    against = compare(config, device, console)
    digits = [grow_digits(config, device, count, console) for count in config.digits]
    batches = grow_batches(config, device, console)
    query, _ = tasks.compile_task(tasks.sum_task(), tasks.Given())
    metrics = headline(against, digits) | {
        "error_float32": timing.worst_error(query, torch.float32),
        "error_float64": timing.worst_error(query, torch.float64),
    }
    runs = [{"seed": 0, "metrics": metrics}]
    body = {
        "runs": runs,
        "summary": summarise([metrics]),
        "against_reference": against,
        "digits": digits,
        "batches": batches,
    }
    console.print(table("against DeepProbLog's ExactEngine, milliseconds a query", against))
    console.print(table(f"carry adder, batch {config.batch_size}, milliseconds a query", digits))
    console.print(table("one-digit sum by batch size, milliseconds a query", batches))
    console.print(table("headline", [{"figure": name, "value": value} for name, value in metrics.items()]))
    plot_growth(digits, batches, against, folder / "growth.png")
    path = write_results(folder, "circuits", asdict(config), device, body)
    console.print(f"written: {path}, {folder / 'growth.png'}")


def compare(config: CircuitsConfig, device: torch.device, console: Console) -> list[Row]:
    """Both engines on one and two digits, logic alone and with a LeNet; the last is a query for all 199
    answers.
    """
    rows: list[Row] = []
    cases = [(tasks.sum_task(), False, lenet) for lenet in ((False, True) if config.lenet else (False,))]
    cases += [(tasks.numbers_task(), False, False), (tasks.numbers_task(), True, False)]
    for task, free, lenet in cases:
        name = f"{task.name}{', all answers' if free else ''}{', LeNet' if lenet else ''}"
        console.print(f"{name} ...", highlight=False)
        network = tasks.LeNet() if lenet else tasks.Given()
        query, seconds = tasks.compile_task(task, network)
        step = timing.circuit_step(task, query, config.batch_size, device, network, lenet)
        # A query for all sums of two digits takes the reference seconds, so a single one is timed, once.
        queries = 1 if free else config.batch_size if task.program == "sum" else config.reference_queries
        repeats = 1 if free else max(1, config.repeats // 3)
        reference = timing.reference_step(task, free, queries, lenet)
        row: Row = {"task": name, "compile s": seconds}
        for label, backward in (("forward", False), ("both", True)):
            ours = timing.milliseconds(step, backward, config.repeats) / config.batch_size
            theirs = timing.milliseconds(reference, backward, repeats) / queries
            row |= {label: ours, f"{label}, reference": theirs, f"{label}, times": theirs / ours}
        rows.append(row)
    return rows


def grow_digits(config: CircuitsConfig, device: torch.device, digits: int, console: Console) -> Row:
    """Compile time, size, memory and time per query of the carry adder."""
    console.print(f"{digits} digits ...", highlight=False)
    task = tasks.carry_task(digits)
    query, seconds = tasks.compile_task(task, tasks.Given())
    step = timing.circuit_step(task, query, config.batch_size, device, tasks.Given(), lenet=False)
    circuit = query.template.circuit
    row: Row = {"digits": digits, "compile s": seconds, "edges": circuit.edges, "depth": len(circuit.layers)}
    for label, backward in (("forward", False), ("both", True)):
        row[label] = timing.milliseconds(step, backward, config.repeats) / config.batch_size
    if digits <= config.klay_digits:
        klay = timing.circuit_step(
            task, tasks.on_klay(query), config.batch_size, device, tasks.Given(), lenet=False
        )
        row["both, KLay"] = timing.milliseconds(klay, True, max(1, config.repeats // 3)) / config.batch_size
    row["MiB"] = timing.peak_memory(query, config.batch_size)
    return row


def grow_batches(config: CircuitsConfig, device: torch.device, console: Console) -> list[Row]:
    """Time per query of the one-digit sum, all 19 answers at once."""
    console.print("batch sizes ...", highlight=False)
    task = tasks.sum_task()
    query, _ = tasks.compile_task(task, tasks.Given())
    rows: list[Row] = []
    for batch in config.batches:
        step = timing.circuit_step(task, query, batch, device, tasks.Given(), lenet=False)
        times = {
            label: timing.milliseconds(step, backward, config.repeats) / batch
            for label, backward in (("forward", False), ("both", True))
        }
        rows.append({"batch": batch, **times})
    return rows
