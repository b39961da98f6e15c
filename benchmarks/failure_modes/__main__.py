"""Theorem 1 of the paper as a command, which loss penalises which failure: python -m benchmarks.failure_modes"""

from benchmarks.failure_modes.run import BENCHMARK
from benchmarks.runner import command_line


def cli() -> None:
    command_line.main(BENCHMARK)


if __name__ == "__main__":
    cli()
