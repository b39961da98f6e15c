"""What a training step costs, beside what it must cost and what it costs written plainly: python -m benchmarks.step"""

from benchmarks.runner import command_line
from benchmarks.step.run import BENCHMARK


def cli() -> None:
    command_line.main(BENCHMARK)


if __name__ == "__main__":
    cli()
