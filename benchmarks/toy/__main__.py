"""Moons and circles, the paper's Table 2: python -m benchmarks.toy"""

from benchmarks import experiment
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.run import main


def cli() -> None:
    experiment.run_cli(ToyConfig, main, "toy")


if __name__ == "__main__":
    cli()
