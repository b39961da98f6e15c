"""`version`: what is installed, for a report or a paper."""

import argparse
import json

from gedi_nesy.cli.top_level import versions

SUMMARY = "versions of gedi_nesy and of what it stands on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print a line a package."""
    found = versions()
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(f"{n} {v}" for n, v in found.items()))
    return 0
