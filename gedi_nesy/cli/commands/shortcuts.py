"""`python -m gedi_nesy shortcuts`: the concept maps that a program admits, before anything is trained."""

import argparse
import json
from pathlib import Path

from gedi_nesy.audit.shortcuts import DEFAULT, Audit, audit
from gedi_nesy.audit.text import readable
from gedi_nesy.cli.program_file import add_program_arguments
from gedi_nesy.logic.errors import ProgramError

SUMMARY = "which concept maps satisfy a program on its training queries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    add_program_arguments(parser, DEFAULT.seconds)
    parser.add_argument(
        "--queries",
        metavar="FILE",
        help="training queries, one a line, with each image's true symbol in its place, such as sum(2, 3, 5)."
        " (default: the program's own, beside it in NAME.queries)",
    )
    parser.add_argument(
        "--assume-correct",
        "--known",
        dest="known",
        nargs="+",
        default=[],
        metavar="NETWORK",
        help="networks that read every symbol right",
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="draw what each symbol may be taken for"
    )


def run(arguments: argparse.Namespace) -> int:
    """Audit a program and print what it admits."""
    if arguments.picture:
        _make_way(arguments.picture)
    found = audit(
        arguments.file,
        arguments.queries,
        known=arguments.known,
        budget=arguments.budget,
        allow_python=arguments.allow_python,
        allow_outside=arguments.allow_outside,
    )
    print(json.dumps(as_json(found), indent=2) if arguments.json else readable(found))
    if arguments.picture:
        _draw(found, arguments.picture)
    return 0


def as_json(found: Audit) -> dict:
    """The audit in plain lists and dictionaries; null is what could not be found within the budget."""
    return {
        "program": found.program,
        "queries": len(found.queries),
        "possible": found.possible,
        "maps": found.maps,
        "maps_bounds": list(found.maps_bounds),
        "one_to_one": found.one_to_one,
        "one_to_one_bounds": list(found.one_to_one_bounds),
        "identity": found.identity,
        "keeps_frequencies": None if found.listed is None else sum(m.keeps_frequencies for m in found.listed),
        "ambiguous": found.ambiguous,
        "labels": _sets(found.labels),
        "labels_one_to_one": _sets(found.labels_one_to_one),
        "readings": found.readings,
        "listed": None
        if found.listed is None
        else [
            {
                "map": each.outputs,
                "identity": each.identity,
                "one_to_one": each.one_to_one,
                "keeps_frequencies": each.keeps_frequencies,
            }
            for each in found.listed
        ],
    }


def _sets(sets: tuple | None) -> list | None:
    """Lists of sets; a set is a list of [network, symbol]."""
    return None if sets is None else [[list(label) for label in labels] for labels in sets]


def _make_way(picture: Path) -> None:
    """Before the audit, which may take minutes: a picture can be written there."""
    if picture.suffix.lower() != ".png" or picture.is_dir():
        raise ProgramError(f"--picture {picture}: expected a name of a file that ends in .png")
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProgramError(f"--picture {picture}: {error.strerror}") from error


def _draw(found: Audit, path: Path) -> None:
    from gedi_nesy.report.symbol_maps import symbol_maps  # noqa: PLC0415 - a second to import

    if found.readings is None or found.maps is None:
        raise ProgramError(f"{found.program}: nothing to draw: the maps were not found within the budget")
    outputs = {variable.network: variable.outputs for variable in found.problem.variables}
    try:
        symbol_maps(found.readings, outputs, found.maps, path)
    except OSError as error:
        raise ProgramError(f"--picture {path}: {error.strerror}") from error
