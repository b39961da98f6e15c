"""How much faster compiled circuits are than DeepProbLog's engine, and how they grow: python -m benchmarks.circuits"""

from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.run import main
from benchmarks.runner.command_line import run_cli


def cli() -> None:
    run_cli(CircuitsConfig, main, "circuits")


if __name__ == "__main__":
    cli()
