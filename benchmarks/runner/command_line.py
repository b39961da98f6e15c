"""From flags to a benchmark that runs; errors are one line."""

from collections.abc import Callable
from typing import TypeVar

import tyro
from rich.console import Console

from gedi_nesy.cli.top_level import reporting
from gedi_nesy.training import distributed


def console() -> Console:
    """Where to print; only rank 0 does."""
    return Console(quiet=not distributed.first())


Config = TypeVar("Config")


def run_cli(config: type[Config], main: Callable[[Config], None], name: str) -> None:
    """Read the flags of the dataclass `config` from the command line, and run; errors are one line."""
    with reporting(failed=2), distributed.joined():
        main(tyro.cli(config, prog=f"python -m benchmarks.{name}", config=(tyro.conf.FlagCreatePairsOff,)))
