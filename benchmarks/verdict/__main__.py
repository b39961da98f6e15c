"""python -m benchmarks.verdict"""

from benchmarks.runner.command_line import main
from benchmarks.verdict.run import BENCHMARK


def cli() -> None:
    main(BENCHMARK)


if __name__ == "__main__":
    cli()
