"""How much faster compiled circuits are than DeepProbLog's engine, and how they grow.

Both run the same programs on the same batches in the same process. DeepProbLog's ExactEngine has its cache
on, and its circuits are compiled before the clock starts.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from benchmarks.circuits import peer_worker, peers, repository, scaling, tasks, timing
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.families import FAMILIES
from benchmarks.circuits.models import EXAMPLES
from benchmarks.circuits.report import (
    AGAINST,
    BATCHES,
    DIGITS,
    ERRORS,
    PEERS,
    REPOSITORY,
    SCALING,
    Row,
    body,
    report,
)
from benchmarks.circuits.repository import VARIANTS
from benchmarks.circuits.tasks import Task
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run


class Case(NamedTuple):
    """A row of the comparison with the reference."""

    task: Task
    free: bool
    """all answers of a query at once"""
    lenet: bool

    @property
    def name(self) -> str:
        """As it stands in the table."""
        return f"{self.task.name}{', all answers' if self.free else ''}{', LeNet' if self.lenet else ''}"


def jobs(config: CircuitsConfig) -> list[Job]:
    """A job a row of the three tables, and one for the errors of rounding."""
    config.check()
    if config.scaling:
        sizes = [(family, size) for family, (_, sizes) in FAMILIES.items() for size in sizes]
        rows = [(SCALING, f"{family}, N = {size}", (family, size)) for family, size in sizes]
        return _jobs(rows)
    if config.repository is not None:
        pairs = [(example, variant) for example in EXAMPLES for variant in VARIANTS]
        return _jobs([(REPOSITORY, f"{pair[0].name}, {pair[1].name}", pair) for pair in pairs])
    if config.peers:
        return _jobs([(PEERS, f"beside DeepLog: {name}", name) for name in peer_worker.PEERS])
    one, two = tasks.sum_task(), tasks.numbers_task()
    cases = [Case(one, False, lenet) for lenet in ((False, True) if config.lenet else (False,))]
    cases += [Case(two, False, False), Case(two, True, False)]
    rows = [
        *((AGAINST, case.name, case) for case in cases),
        *((DIGITS, f"{count} digits", count) for count in config.digits),
        *((BATCHES, f"batches of {batch}", batch) for batch in config.batches),
        (ERRORS, "errors of rounding", None),
    ]
    return _jobs(rows)


def _jobs(rows: Sequence[tuple[str, str, Any]]) -> list[Job]:
    return [
        Job(name=name, folder=".", runs=({"seed": 0, "part": part, "name": name},), task=task)
        for part, name, task in rows
    ]


def run_one(config: CircuitsConfig, job: Job, place: Place) -> list[Run]:
    """One row; the errors are metrics."""
    place.say(f"{job.name} ...")
    (identity,) = job.runs
    if identity["part"] == ERRORS:
        query, _ = tasks.compile_task(tasks.sum_task(), tasks.Given())
        errors = {
            f"error_{str(dtype).removeprefix('torch.')}": timing.worst_error(query, dtype)
            for dtype in (torch.float32, torch.float64)
        }
        return [{**identity, "metrics": errors}]
    if identity["part"] == SCALING:
        family, size = job.task
        row = scaling.measure(family, size, config.timeout, config.stock)
        return [{**identity, "metrics": {}, "row": row}]
    if identity["part"] == PEERS:
        return [{**identity, "metrics": {}, "row": beside(config, place, job.task)}]
    if identity["part"] == REPOSITORY:
        assert config.repository is not None
        example, variant = job.task
        row = repository.compare(example, variant, config.repository, config.repeats)
        return [{**identity, "metrics": {}, "row": row}]
    measure = {AGAINST: compare, DIGITS: grow_digits, BATCHES: grow_batches}[identity["part"]]
    return [{**identity, "metrics": {}, "row": measure(config, place.device, job.task)}]


def beside(config: CircuitsConfig, place: Place, name: str) -> Row:
    """DeepLog and ours; DeepLog is left out with a line where it cannot be had."""
    environment = config.peers_environment
    repeats = 10 * config.repeats
    try:
        return peers.measure(name, environment, config.batch_size, repeats, config.timeout)
    except peers.LeftOutError as reason:
        place.say(f"DeepLog is left out of {name}: {reason}")
        return {"program": name, "note": f"left out: {reason}"}


def compare(config: CircuitsConfig, device: torch.device, case: Case) -> Row:
    """Both engines on the same queries."""
    task, free, lenet = case
    network = tasks.LeNet() if lenet else tasks.Given()
    query, seconds = tasks.compile_task(task, network)
    step = timing.circuit_step(task, query, config.batch_size, device, network, lenet)
    # A query for all sums of two digits takes the reference seconds, so a single one is timed, once.
    queries = 1 if free else config.batch_size if task.program == "sum" else config.reference_queries
    repeats = 1 if free else max(1, config.repeats // 3)
    reference = timing.reference_step(task, free, queries, lenet)
    row: Row = {"task": case.name, "compile s": seconds}
    for label, backward in (("forward", False), ("both", True)):
        ours = timing.milliseconds(step, backward, config.repeats) / config.batch_size
        theirs = timing.milliseconds(reference, backward, repeats) / queries
        row |= {label: ours, f"{label}, reference": theirs, f"{label}, times": theirs / ours}
    return row


def grow_digits(config: CircuitsConfig, device: torch.device, digits: int) -> Row:
    """Compile time, size, memory and time per query of the carry adder."""
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


def grow_batches(config: CircuitsConfig, device: torch.device, batch: int) -> Row:
    """Time per query of the one-digit sum, all 19 answers at once."""
    task = tasks.sum_task()
    query, _ = tasks.compile_task(task, tasks.Given())
    step = timing.circuit_step(task, query, batch, device, tasks.Given(), lenet=False)
    times = {
        label: timing.milliseconds(step, backward, config.repeats) / batch
        for label, backward in (("forward", False), ("both", True))
    }
    return {"batch": batch, **times}


BENCHMARK = Benchmark(
    name="circuits",
    config=CircuitsConfig,
    jobs=jobs,
    run_one=run_one,
    body=body,
    report=report,
    timed=True,
    width=130,
)
