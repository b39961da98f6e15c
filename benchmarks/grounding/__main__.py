"""python -m benchmarks.grounding"""

from benchmarks.grounding.run import BENCHMARK
from benchmarks.runner.command_line import main


def cli() -> None:
    main(BENCHMARK)


if __name__ == "__main__":
    cli()
