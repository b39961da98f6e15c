"""`predict RUN IMAGES --out FILE.csv`: clusters of further images or points, by a run of `cluster`."""

import argparse
from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.cli.cluster_inputs import read_further
from gedi_nesy.cluster import assign

SUMMARY = "clusters of further images or points, by a run of `cluster`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="what `cluster --out` wrote")
    parser.add_argument("source", type=Path, metavar="IMAGES", help="a folder or a file, as for `cluster`")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv", help="the table to write")


def run(arguments: argparse.Namespace) -> int:
    """Write a row for each input, with the name of its cluster."""
    trained = run_folder.read(arguments.folder)
    inputs = read_further(arguments.source, trained)
    found = assign(trained.model, inputs.values)
    run_folder.write_table(arguments.out, inputs.names, found, trained.names)
    print(f"written: {arguments.out}")
    return 0
