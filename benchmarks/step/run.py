"""What a training step costs, beside what it must cost and what it costs written plainly: python -m benchmarks.step

A step with K Langevin steps needs K passes of the chains through the network, forward and back to the input, and one
pass of images, augmented images and samples, forward and back to the weights. One of each is timed in the same run, and
their sum is the floor. The plain step (benchmarks/step/plain.py) computes the same loss as JEM's code does.
"""

from dataclasses import asdict

import torch
from rich.console import Console

from benchmarks.runner.results import summarise, write_results
from benchmarks.step.config import StepBenchmarkConfig
from benchmarks.step.report import table
from benchmarks.step.timing import measure, summary


def main(config: StepBenchmarkConfig) -> None:
    """Time, tabulate and write."""
    device = config.prepare()
    if config.clock == "cpu" and device.type != "cpu":
        raise ValueError(f"--clock cpu: does not see what {device} does; use --clock wall")
    cases = list(config.cases())
    folder = config.folder("step")
    console = Console(width=None if Console().is_terminal else 130)
    rows = []
    for case in cases:
        console.print(f"{case.network}, K = {case.sgld_steps}, {case.precision} ...", highlight=False)
        times = measure(case, device, config.repeat, config.clock)
        rows.append({**asdict(case), **summary(times, case.sgld_steps), "times_ms": times} | _memory(device))
    console.print(table(config, rows))
    metrics = {
        f"{_name(row)}_{key}": row[key] for row in rows for key in row if "_over_" in key or "_faster_" in key
    }
    body = {
        "runs": [{"seed": 0, "metrics": metrics}],
        "summary": summarise([metrics]),
        "rows": rows,
    }
    path = write_results(folder, "step", asdict(config), device, body)
    console.print(f"written: {path}", highlight=False)


def _name(row: dict) -> str:
    return f"{row['network']}_{row['width']}_k{row['sgld_steps']}_{row['precision']}"


def _memory(device: torch.device) -> dict[str, float]:
    return {"peak_mib": torch.cuda.max_memory_allocated(device) / 2**20} if device.type == "cuda" else {}
