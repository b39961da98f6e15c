"""What a training step costs, beside what it must cost and what it costs written plainly: python -m benchmarks.step

A step with K Langevin steps needs K passes of the chains through the network, forward and back to the input, and one
pass of images, augmented images and samples, forward and back to the weights. One of each is timed in the same run, and
their sum is the floor. The plain step (benchmarks/step_plain.py) computes the same loss as JEM's code does.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import experiment
from benchmarks.step_run import Case, Clock, NetworkName, measure, summary
from gedi_nesy.models.gedi import Precision


@dataclass(frozen=True, kw_only=True)
class StepBenchmarkConfig(experiment.PlaceConfig):
    """Time a training step against its arithmetic floor and against the plain way of writing it."""

    networks: tuple[NetworkName, ...] = ("convnet", "resnet8")
    """convnet: 28x28x1; resnet8: the paper's, 32x32x3"""
    sgld_steps: tuple[int, ...] = (20,)
    """Langevin steps a training step"""
    batch_size: int = 32
    """images, and as many chains, a step"""
    width_convnet: int = 32
    """channels of the ConvNet's first layer"""
    width_resnet8: int = 128
    """F, the channels of every layer of ResNet-8"""
    precisions: tuple[Precision, ...] = ("float32",)
    """of the encoder in our step and in its floor; the plain step is float32"""
    compile: bool = False
    """our step and its floor under torch.compile"""
    repeat: int = 7
    """turns; medians are reported"""
    clock: Clock = "wall"
    """wall; or cpu, the processor time of this process, which other work on the machine disturbs less"""
    threads: int = 1
    """CPU threads of torch (0: as torch likes)"""

    def cases(self) -> Iterator[Case]:
        """Every row; ValueError names what does not fit."""
        for name in ("networks", "sgld_steps", "precisions"):
            if not getattr(self, name):
                raise ValueError(f"--{name.replace('_', '-')}: at least one is needed")
        if self.repeat < 1:
            raise ValueError(f"--repeat {self.repeat} must be at least 1")
        for network in self.networks:
            for steps in self.sgld_steps:
                for precision in self.precisions:
                    case = Case(
                        network=network,
                        width=self.width_convnet if network == "convnet" else self.width_resnet8,
                        batch_size=self.batch_size,
                        sgld_steps=steps,
                        precision=precision,
                        compile=self.compile,
                    )
                    case.step_config()
                    yield case


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
    console.print(_table(config, rows))
    metrics = {
        f"{_name(row)}_{key}": row[key] for row in rows for key in row if "_over_" in key or "_faster_" in key
    }
    body = {
        "runs": [{"seed": 0, "metrics": metrics}],
        "summary": experiment.summarise([metrics]),
        "rows": rows,
    }
    path = experiment.write_results(folder, "step", asdict(config), device, body)
    console.print(f"written: {path}", highlight=False)


def _name(row: dict) -> str:
    return f"{row['network']}_{row['width']}_k{row['sgld_steps']}_{row['precision']}"


def _memory(device: torch.device) -> dict[str, float]:
    return {"peak_mib": torch.cuda.max_memory_allocated(device) / 2**20} if device.type == "cuda" else {}


COLUMNS = {
    "step_ms": ("step", ".1f"),
    "floor_ms": ("floor", ".1f"),
    "step_over_floor": ("step/floor", ".2f"),
    "plain_grad_ms": ("plain, grad", ".1f"),
    "times_faster_than_plain_grad": ("faster", ".2f"),
    "plain_backward_ms": ("plain, backward", ".1f"),
    "times_faster_than_plain_backward": ("faster", ".2f"),
}


def _table(config: StepBenchmarkConfig, rows: list[dict]) -> Table:
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


if __name__ == "__main__":
    experiment.run_cli(StepBenchmarkConfig, main, "step")
