"""python -m benchmarks.shortcuts"""

from benchmarks.runner.command_line import main
from benchmarks.shortcuts.run import BENCHMARK


def cli() -> None:
    main(BENCHMARK)


if __name__ == "__main__":
    cli()
