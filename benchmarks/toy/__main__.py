"""Moons and circles, the paper's Table 2: python -m benchmarks.toy"""

from benchmarks.runner.command_line import run_cli
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.run import main


def cli() -> None:
    run_cli(ToyConfig, main, "toy")


if __name__ == "__main__":
    cli()
