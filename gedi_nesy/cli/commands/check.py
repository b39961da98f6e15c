"""`check FILE`: what a program declares, and what a query of it compiles to."""

import argparse
import json
import time

from gedi_nesy.cli.program_file import add_program_arguments, load_program
from gedi_nesy.logic import Program, ProgramError, Query
from gedi_nesy.logic.describe import describe_program, describe_query, readable
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.language.source import parse_query, subterms

SUMMARY = "what a program declares, and what a query of it compiles to"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    add_program_arguments(parser)
    parser.add_argument("--query", help='a query to compile, such as "sum(A, B, N)"')
    parser.add_argument("--images", nargs="*", help="its variables that stand for images; all, if left out")
    parser.add_argument("--answer", help="its variable whose values are asked for; found, if left out")
    parser.add_argument("--evidence", nargs="*", default=[], help="goals to condition on")


def run(arguments: argparse.Namespace) -> int:
    """Say what a program declares and, for a query, what it compiles to."""
    if arguments.query is None and (arguments.images or arguments.answer or arguments.evidence):
        raise ProgramError("--images, --answer and --evidence belong to a query: add --query")
    program = load_program(arguments)
    report = describe_program(program)
    if arguments.query is not None:
        started = time.perf_counter()
        query = _compile(program, arguments)
        report["query"] = {**describe_query(query), "seconds": round(time.perf_counter() - started, 3)}
    print(json.dumps(report, indent=2) if arguments.json else readable(report))
    return 0


def _compile(program: Program, arguments: argparse.Namespace) -> Query:
    """All variables are images, unless some have to be answers for the query to have a proof."""
    variables = (str(part) for part in subterms(parse_query(arguments.query)) if part.is_var())
    names = [name for name in dict.fromkeys(variables) if not name.startswith("_")]
    options = {"evidence": arguments.evidence, "budget": arguments.budget}
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
    except TooLargeError:
        raise
    except ProgramError as error:
        for answer in reversed(names):
            try:
                return program.compile(arguments.query, [n for n in names if n != answer], answer, **options)
            except TooLargeError:
                raise
            except ProgramError:
                continue
        raise error from None
