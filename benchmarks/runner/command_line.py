"""From a command line to a benchmark that runs; errors are one line."""

from collections.abc import Callable

from benchmarks.runner import loop
from benchmarks.runner.benchmark import Benchmark
from benchmarks.runner.flags import Config, parse
from gedi_nesy.cli.top_level import reporting
from gedi_nesy.training import distributed

FAILED = 2
"""Exit code where the user can mend it, and where a run failed."""


def main(benchmark: Benchmark) -> None:
    """python -m benchmarks.NAME: SystemExit with a code that says how it went, unless all is well."""
    run_cli(benchmark.config, lambda config: loop.run(benchmark, config), benchmark.name)


def run_cli(config: type[Config], run: Callable[[Config], None], name: str) -> None:
    """Read the flags of `config` from the command line, and run."""
    with reporting(FAILED), distributed.joined():
        run(parse(config, f"python -m benchmarks.{name}"))
