"""From a command line to a benchmark that runs; errors are one line."""

from benchmarks.runner import loop
from benchmarks.runner.benchmark import Benchmark
from benchmarks.runner.flags import parse
from gedi_nesy.cli.top_level import reporting
from gedi_nesy.training import distributed

FAILED = 2
"""Exit code where the user can fix it, and where a run failed."""


def main(benchmark: Benchmark) -> None:
    """python -m benchmarks.NAME: SystemExit with a code that says how it went, unless all is well."""
    with reporting(FAILED), distributed.joined():
        loop.run(benchmark, parse(benchmark.config, f"python -m benchmarks.{benchmark.name}"))
