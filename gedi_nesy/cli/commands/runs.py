"""`python -m gedi_nesy runs DIR`: many run folders in a table."""

import argparse
import json
import sys
from pathlib import Path

from gedi_nesy.extras import needs
from gedi_nesy.report.runs import RunFolder, RunsError, as_json, ordered, read_runs

SUMMARY = "the run folders below a folder in a table: settings that differ, and what came out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="looked through with all its subfolders")
    parser.add_argument("--benchmark", help="only runs of this one, such as addition")
    parser.add_argument(
        "--sort", default="age", help="age (newest first), folder, or a metric (highest first)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with all settings")


def run(arguments: argparse.Namespace) -> int:
    """Print the runs below a folder; files that cannot be read are named on standard error, and the rest is shown."""
    if not arguments.folder.is_dir():
        raise RunsError(f"{arguments.folder}: no such folder")
    found, damaged = read_runs(arguments.folder)
    for line in damaged:
        print(line, file=sys.stderr)
    if arguments.benchmark is not None:
        found = [run for run in found if run.benchmark == arguments.benchmark]
    if not found:
        of = f" of {arguments.benchmark}" if arguments.benchmark else ""
        raise RunsError(f"{arguments.folder}: holds no runs{of} (folders with results.json)")
    found = ordered(found, arguments.sort)
    if arguments.json:
        print(json.dumps(as_json(found), indent=2))
        return 0
    _print(found)
    return 0


def _print(found: list[RunFolder]) -> None:
    with needs("report"):
        from rich.console import Console  # noqa: PLC0415 - not needed by the other commands, nor always there

    from gedi_nesy.report.runs_table import runs_tables  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 160)
    with console.capture() as captured:
        for table in runs_tables(found):
            console.print(table)
    print(captured.get(), end="")
