"""What a training step costs, beside what it must cost and what it costs written plainly: python -m benchmarks.step"""

from benchmarks.runner.command_line import run_cli
from benchmarks.step.config import StepBenchmarkConfig
from benchmarks.step.run import main


def cli() -> None:
    run_cli(StepBenchmarkConfig, main, "step")


if __name__ == "__main__":
    cli()
