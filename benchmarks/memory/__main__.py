"""How much memory training on many colour images takes: python -m benchmarks.memory"""

from benchmarks.memory.run import BENCHMARK
from benchmarks.runner import command_line


def cli() -> None:
    command_line.main(BENCHMARK)


if __name__ == "__main__":
    cli()
