"""Theorem 1 of the paper as a command, which loss penalises which failure: python -m benchmarks.failure_modes"""

from benchmarks.failure_modes.config import FailureModesConfig
from benchmarks.failure_modes.run import main
from benchmarks.runner.command_line import run_cli


def cli() -> None:
    run_cli(FailureModesConfig, main, "failure_modes")


if __name__ == "__main__":
    cli()
