"""How much faster compiled circuits are than DeepProbLog's engine, and how they grow: python -m benchmarks.circuits"""

from benchmarks.circuits.run import BENCHMARK
from benchmarks.runner import command_line


def cli() -> None:
    command_line.main(BENCHMARK)


if __name__ == "__main__":
    cli()
