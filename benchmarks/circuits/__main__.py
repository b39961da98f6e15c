"""How much faster compiled circuits are than DeepProbLog's engine, and how they grow: python -m benchmarks.circuits"""

from benchmarks import experiment
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.run import main


def cli() -> None:
    experiment.run_cli(CircuitsConfig, main, "circuits")


if __name__ == "__main__":
    cli()
