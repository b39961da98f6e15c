"""`predict RUN IMAGES --out FILE.csv`: clusters of further images or points, by a run of `cluster`."""

import argparse
from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.cluster import assign
from gedi_nesy.data.arrays import read_collection

SUMMARY = "clusters of further images or points, by a run of `cluster`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="what `cluster --out` wrote")
    parser.add_argument("source", type=Path, metavar="IMAGES", help="a folder or a file, as for `cluster`")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv", help="the table to write")


def run(arguments: argparse.Namespace) -> int:
    """Write a row for each input, with the name of its cluster."""
    trained = run_folder.read(arguments.folder)
    shape = trained.model.input_shape
    if len(shape) == 3:
        channels, height, width = shape
        collection = read_collection(arguments.source, (height, width), channels, (channels, height, width))
    else:
        collection = read_collection(arguments.source)
    for note in collection.notes:
        print(note)
    found = assign(trained.model, trained.prepared(collection.inputs))
    run_folder.write_table(arguments.out, collection.names, found, trained.names)
    print(f"written: {arguments.out}")
    return 0
