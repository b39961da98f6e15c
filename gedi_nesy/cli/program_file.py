"""What all commands that read a program share: its file, the flags for it, and networks that are never called."""

import argparse
import math
from collections.abc import Callable

import torch

from gedi_nesy.logic import Budget, Program
from gedi_nesy.logic.language.neural import NeuralPredicate, neural_predicates
from gedi_nesy.logic.language.source import Source


class _StandIn:
    """A network that is never called: it gives a neural predicate the size that its domain asks for."""

    def __init__(self, predicate: NeuralPredicate):
        self.num_clusters = len(predicate.domain) or None

    def log_probs(self, x: torch.Tensor) -> torch.Tensor:
        raise AssertionError("checking a program calls no network")


def add_program_arguments(
    parser: argparse.ArgumentParser, seconds: float = Budget().seconds, what: str = "a ProbLog program"
) -> None:
    """The file of a program, and the flags of every command that reads one."""
    parser.add_argument("file", help=what)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--timeout",
        dest="budget",
        type=_budget_of,
        default=f"{seconds:g}",
        metavar="SECONDS",
        help=f"give up after this long (default: {seconds:g})",
    )
    # as it was called before
    for name in ("--seconds", "--budget"):
        parser.add_argument(
            name, dest="budget", type=_budget_of, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    parser.add_argument(
        "--allow-python", action="store_true", help="let the program load Python: it can run anything"
    )
    parser.add_argument(
        "--allow-outside", action="store_true", help="let the program consult files outside its folder"
    )


def seconds_of(text: str) -> float:
    """A number of seconds, not negative; `inf` is no limit."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds (0 or more)")
    return seconds


def _budget_of(text: str) -> Budget:
    """What the command as a whole may take, from now on."""
    return Budget(seconds=seconds_of(text)).running()


def load_program(
    arguments: argparse.Namespace, change: Callable[[Source], Source] = lambda source: source
) -> Program:
    """The program, each of its networks replaced by one that fits and is never called.

    `change` is what is done to its statements first.
    """
    limit = arguments.budget
    source = change(Source.from_file(arguments.file, limit))
    networks = {predicate.network: _StandIn(predicate) for predicate in neural_predicates(source)}
    return Program(
        source, networks, arguments.allow_python, allow_outside=arguments.allow_outside, budget=limit
    )
