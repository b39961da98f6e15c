"""How much memory training on many colour images takes: python -m benchmarks.memory"""

from benchmarks.memory.config import MemoryConfig
from benchmarks.memory.run import main
from benchmarks.runner.command_line import run_cli


def cli() -> None:
    run_cli(MemoryConfig, main, "memory")


if __name__ == "__main__":
    cli()
