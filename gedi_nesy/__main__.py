"""`python -m gedi_nesy`: look at a program, solve it, audit its symbols, or tabulate runs, without writing Python."""

import argparse
import json
import sys
import time
from collections.abc import Sequence

import torch

from gedi_nesy.cli.runs import add_arguments as add_runs
from gedi_nesy.cli.runs import runs
from gedi_nesy.cli.shortcuts import add_arguments as add_shortcuts
from gedi_nesy.cli.shortcuts import shortcuts
from gedi_nesy.cli.top_level import run
from gedi_nesy.logic import Budget, Program, ProgramError, Query
from gedi_nesy.logic.describe import describe_program, describe_query, readable
from gedi_nesy.logic.language.neural import NeuralPredicate, neural_predicates
from gedi_nesy.logic.language.source import Source, parse_query, variable_names


class _StandIn:
    """A network that is never called: it gives a neural predicate the size that its domain asks for."""

    def __init__(self, predicate: NeuralPredicate):
        self.num_clusters = len(predicate.domain) or None

    def log_probs(self, x: torch.Tensor) -> torch.Tensor:
        raise AssertionError("checking a program calls no network")


def solve(arguments: argparse.Namespace) -> int:
    """Print every answer to the program's own queries with its probability, in ProbLog's order."""
    program = Program.from_file(arguments.file, _stand_ins(arguments.file), arguments.allow_python)
    answers = [(str(term), probability) for term, probability in program.solve(_budget(arguments))]
    if arguments.json:
        print(json.dumps({"file": arguments.file, "answers": dict(answers)}, indent=2))
        return 0
    if not answers:
        raise ProgramError(
            f"{arguments.file}: the program has no query(...) fact, or none of its queries has an answer"
        )
    width = max(len(term) for term, _ in answers)
    for term, probability in answers:
        print(f"{term:>{width + 2}}:\t{probability:.8g}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Say what a program declares and, for a query, what it compiles to."""
    program = Program.from_file(arguments.file, _stand_ins(arguments.file), arguments.allow_python)
    report = describe_program(program)
    if arguments.query:
        started = time.perf_counter()
        query = _compile(program, arguments)
        report["query"] = {**describe_query(query), "seconds": round(time.perf_counter() - started, 3)}
    print(json.dumps(report, indent=2) if arguments.json else readable(report))
    return 0


def _compile(program: Program, arguments: argparse.Namespace) -> Query:
    """All variables are images, unless some have to be answers for the query to have a proof."""
    names = [name for name in _in_order(arguments.query) if not name.startswith("_")]
    options = {"evidence": arguments.evidence, "budget": _budget(arguments)}
    if arguments.images is not None or arguments.answer is not None:
        images = arguments.images if arguments.images is not None else names
        return program.compile(
            arguments.query,
            [name for name in images if name != arguments.answer],
            arguments.answer,
            **options,
        )
    try:
        return program.compile(arguments.query, names, **options)
    except ProgramError as error:
        for answer in reversed(names):
            try:
                return program.compile(arguments.query, [n for n in names if n != answer], answer, **options)
            except ProgramError:
                continue
        raise error from None


def _in_order(query: str) -> list[str]:
    return sorted(variable_names(parse_query(query)), key=query.index)


def _stand_ins(path: str) -> dict[str, _StandIn]:
    return {predicate.network: _StandIn(predicate) for predicate in neural_predicates(Source.from_file(path))}


def _budget(arguments: argparse.Namespace) -> Budget:
    return Budget(seconds=arguments.seconds)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="a ProbLog program")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--seconds", type=float, default=Budget().seconds, help="give up compiling after this long"
    )
    parser.add_argument(
        "--allow-python", action="store_true", help="let the program load Python: it can run anything"
    )


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--query", help='a query to compile, such as "sum(A, B, N)"')
    parser.add_argument("--images", nargs="*", help="its variables that stand for images; all, if left out")
    parser.add_argument("--answer", help="its variable whose values are asked for; found, if left out")
    parser.add_argument("--evidence", nargs="*", default=[], help="goals to condition on")


COMMANDS = {
    "solve": (
        solve,
        _add_common,
        "probabilities of a program's own query(...) facts, given its evidence(...)",
    ),
    "check": (check, _add_check, "what a program declares, and what a query of it compiles to"),
    "shortcuts": (
        shortcuts,
        add_shortcuts,
        "which readings of the symbols satisfy a program on its training queries",
    ),
    "runs": (
        runs,
        add_runs,
        "the run folders below a folder in a table: settings that differ, and what came out",
    ),
}
"""Each command: what it does, what it takes, and its line in the help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors are one line on standard error and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m gedi_nesy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, add_arguments, summary) in COMMANDS.items():
        add_arguments(
            commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        )
    arguments = parser.parse_args(argv)
    return run(lambda: COMMANDS[arguments.command][0](arguments))


if __name__ == "__main__":
    sys.exit(main())
