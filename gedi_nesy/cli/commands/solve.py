"""`solve FILE`: the probabilities of a program's own queries."""

import argparse
import json

from gedi_nesy.cli.program_file import add_program_arguments as add_arguments
from gedi_nesy.cli.program_file import load_program
from gedi_nesy.logic import ProgramError

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "probabilities of a program's own query(...) facts, given its evidence(...)"


def run(arguments: argparse.Namespace) -> int:
    """Print every answer to the program's own queries with its probability, in ProbLog's order."""
    program = load_program(arguments)
    answers = [(str(term), probability) for term, probability in program.solve(arguments.budget)]
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
