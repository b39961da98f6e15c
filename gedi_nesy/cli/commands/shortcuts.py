"""`python -m gedi_nesy shortcuts`: the concept maps that a program admits, before anything is trained."""

import argparse
import json
from pathlib import Path

from gedi_nesy.audit.repair.search import repair
from gedi_nesy.audit.repair.text import as_json as repairs_as_json
from gedi_nesy.audit.repair.text import readable_repairs
from gedi_nesy.audit.rsbench.program import program_text, write_program
from gedi_nesy.audit.rsbench.task import is_task_file, read_task
from gedi_nesy.audit.shortcuts import DEFAULT, Audit, audit, audit_task, logic_of
from gedi_nesy.audit.text import readable
from gedi_nesy.cli.program_file import add_program_arguments
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.source import Source
from gedi_nesy.logic.program import Program

SUMMARY = "which concept maps satisfy a program on its training queries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    add_program_arguments(parser, DEFAULT.seconds, "a ProbLog program, or a task file of rsbench, NAME.yml")
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
        "--repair",
        action="store_true",
        help="propose the smallest additions that leave one map: more queries, labels, or one more rule",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="of a task file: also write it there as NAME.pl and NAME.queries",
    )
    parser.add_argument(
        "--network-per-place",
        action="store_true",
        help="of a task file: a network of its own for each image of a query, as rsbench's counter has it",
    )
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="draw what each symbol may be taken for"
    )


def run(arguments: argparse.Namespace) -> int:
    """Audit a program and print what it admits."""
    if arguments.picture:
        _make_way(arguments.picture)
    found, program, notes = (_of_task if is_task_file(arguments.file) else _of_program)(arguments)
    report, text = {**as_json(found), "notes": list(notes)}, [readable(found), *notes]
    if arguments.repair:
        repairs = repair(program, found, known=arguments.known, budget=arguments.budget)
        report["repairs"] = repairs_as_json(repairs)
        text.append(readable_repairs(repairs))
    print(json.dumps(report, indent=2) if arguments.json else "\n".join(text))
    if arguments.picture:
        _draw(found, arguments.picture)
    return 0


def _of_program(arguments: argparse.Namespace) -> tuple[Audit, Program, tuple[str, ...]]:
    for flag in ("--out", "--network-per-place"):
        if getattr(arguments, flag.strip("-").replace("-", "_")):
            raise ProgramError(f"{flag}: is for task files of rsbench, NAME.yml; {arguments.file} is none")
    program = logic_of(arguments.file, arguments.allow_python, arguments.allow_outside, arguments.budget)
    return audit(program, arguments.queries, known=arguments.known, budget=arguments.budget), program, ()


def _of_task(arguments: argparse.Namespace) -> tuple[Audit, Program, tuple[str, ...]]:
    """The audit of a task file, its program, and what is to be known of it."""
    if arguments.queries:
        raise ProgramError(f"--queries {arguments.queries}: the queries of {arguments.file} stand in it")
    task = read_task(arguments.file)
    if arguments.network_per_place:
        task = task.with_a_network_per_place()
    found = audit_task(task, known=arguments.known, budget=arguments.budget)
    notes = task.notes
    if arguments.out:
        notes += (f"Written: {' and '.join(map(str, write_program(task, arguments.out)))}",)
    return found, logic_of(Source.from_string(program_text(task), task.file)), notes


def as_json(found: Audit) -> dict:
    """The audit in plain lists and dictionaries; null is what could not be found within the budget."""
    return {
        "program": found.program,
        "queries": len(found.queries),
        "left_out": found.left_out,
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
