"""Moons and circles, the paper's Table 2: python -m benchmarks.toy"""

from benchmarks.runner import command_line
from benchmarks.toy.run import BENCHMARK


def cli() -> None:
    command_line.main(BENCHMARK)


if __name__ == "__main__":
    cli()
