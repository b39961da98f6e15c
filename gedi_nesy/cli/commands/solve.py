"""`solve FILE`: the probabilities of a program's own queries."""

import argparse
import json

from gedi_nesy.cli.program_file import add_program_arguments, load_program
from gedi_nesy.cli.solve_modes import (
    check_answers,
    print_approximate,
    print_bounds,
    print_learned,
    print_most_probable,
    print_proofs,
    print_samples,
    print_strategy,
)
from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.inference.decide import decisions_as_parameters

SUMMARY = "probabilities of a program's own query(...) facts, given its evidence(...)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    add_program_arguments(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--mpe", action="store_true", help="the most probable explanation of the evidence: one world"
    )
    mode.add_argument("--sample", type=_positive, metavar="N", help="N worlds drawn given the evidence")
    mode.add_argument("--explain", action="store_true", help="each answer with its most probable proofs")
    mode.add_argument(
        "--decide", action="store_true", help="the decisions, ?::a, of the largest expected utility"
    )
    mode.add_argument(
        "--learn", metavar="EXAMPLES", help="its t(...) from a file of evidence(...), --- between examples"
    )
    mode.add_argument(
        "--approximate",
        action="store_true",
        help="estimates from worlds drawn at random, and their intervals",
    )
    mode.add_argument(
        "--bounds",
        type=_width,
        metavar="WIDTH",
        help="guaranteed bounds no wider than this, or as narrow as they become within --timeout",
    )
    parser.add_argument(
        "--worlds",
        type=_positive,
        metavar="N",
        help="of --approximate: how many with the evidence (default: 10,000)",
    )
    parser.add_argument(
        "--out", metavar="FILE", help="of --learn: a new file for the program with what it learned"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of --sample, --approximate and the starts of --learn (default: 0)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print every answer to the program's own queries with its probability, or what a mode asks for."""
    if arguments.out and not arguments.learn:
        raise ProgramError("--out belongs to --learn EXAMPLES")
    if arguments.worlds and not arguments.approximate:
        raise ProgramError("--worlds belongs to --approximate")
    if arguments.decide:
        print_strategy(load_program(arguments, decisions_as_parameters), arguments)
        return 0
    program = load_program(arguments)
    if arguments.mpe:
        print_most_probable(program, arguments)
    elif arguments.sample:
        print_samples(program, arguments)
    elif arguments.explain:
        print_proofs(program, arguments)
    elif arguments.approximate:
        print_approximate(program, arguments)
    elif arguments.bounds is not None:
        print_bounds(program, arguments)
    elif arguments.learn:
        print_learned(program, arguments)
    else:
        _print_probabilities(program, arguments)
    return 0


def _print_probabilities(program: Program, arguments: argparse.Namespace) -> None:
    """In ProbLog's order."""
    try:
        answers = [(str(term), probability) for term, probability in program.solve(arguments.budget)]
    except TooLargeError as error:
        if error.stage in ("reading", "grounding"):
            raise
        raise ProgramError(
            f"{error}; --bounds gives bounds, --approximate gives estimates with their intervals"
        ) from None
    if arguments.json:
        print(json.dumps({"file": arguments.file, "answers": dict(answers)}, indent=2))
        return
    check_answers(answers, arguments)
    width = max(len(term) for term, _ in answers)
    for term, probability in answers:
        print(f"{term:>{width + 2}}:\t{probability:.8g}")


def _width(text: str) -> float:
    try:
        width = float(text)
    except ValueError:
        width = -1.0
    if not 0 <= width <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a width of bounds (0 to 1)")
    return width


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of worlds (1 or more)")
    return int(text)
