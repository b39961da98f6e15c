"""The table of the step benchmark."""

import torch
from rich.table import Table

from benchmarks.step.config import StepBenchmarkConfig

COLUMNS = {
    "step_ms": ("step", ".1f"),
    "floor_ms": ("floor", ".1f"),
    "step_over_floor": ("step/floor", ".2f"),
    "plain_grad_ms": ("plain, grad", ".1f"),
    "times_faster_than_plain_grad": ("faster", ".2f"),
    "plain_backward_ms": ("plain, backward", ".1f"),
    "times_faster_than_plain_backward": ("faster", ".2f"),
}


def table(config: StepBenchmarkConfig, rows: list[dict]) -> Table:
    how = f"{config.clock} clock, {torch.get_num_threads()} threads" + (
        ", compiled" if config.compile else ""
    )
    title = f"A training step, batch {config.batch_size}, milliseconds, medians of {config.repeat}, {how}"
    table = Table(title=title, title_justify="left")
    for name in ("network", "width", "K", "precision"):
        table.add_column(name)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [f"{row[name]:{form}}" for name, (_, form) in COLUMNS.items()]
        table.add_row(row["network"], str(row["width"]), str(row["sgld_steps"]), row["precision"], *cells)
    return table
