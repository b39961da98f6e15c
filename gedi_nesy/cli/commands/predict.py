"""`predict RUN IMAGES|QUERIES --out FILE.csv`: what a run's networks read in further images, and what follows."""

import argparse
from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.cli.cluster_inputs import read_further
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.cli.task_runs.predictions import (
    QUERY_COLUMNS,
    is_query_file,
    rows_of_images,
    rows_of_queries,
)
from gedi_nesy.cli.task_runs.tables import symbol_columns, write_rows
from gedi_nesy.cli.trained import chosen
from gedi_nesy.cluster import assign
from gedi_nesy.errors import ConfigError

SUMMARY = "symbols or clusters of further images, or answers to further queries, by a run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument(
        "folder", type=Path, metavar="RUN", help="what `train --out` or `cluster --out` wrote"
    )
    parser.add_argument(
        "source",
        type=Path,
        metavar="IMAGES|QUERIES",
        help="a folder or a file of images, or of points; by a run of `train` also a file of queries, as for `train`,"
        " whose answers may be left out",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv", help="the table to write")
    parser.add_argument(
        "--images",
        action="append",
        metavar="[NETWORK=]DIR|FILE",
        help="where the images of the queries are (default: where those of the training were)",
    )
    parser.add_argument(
        "--query", metavar="GOAL", help="of a table, such as 'sum(A, B, N)' (default: as in training)"
    )
    parser.add_argument("--network", metavar="NAME", help="the only one to ask (default: all)")
    parser.add_argument(
        "--allow-python", action="store_true", help="let the rule load Python: it can run anything"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write a row for each input."""
    if task_folder.is_task(arguments.folder):
        _by_task(arguments)
    else:
        _by_clusters(arguments)
    print(f"written: {arguments.out}")
    return 0


def _by_task(arguments: argparse.Namespace) -> None:
    trained = task_folder.read(arguments.folder)
    if is_query_file(arguments.source, trained):
        rows = rows_of_queries(
            trained, arguments.source, arguments.images, arguments.query, arguments.allow_python
        )
        write_rows(arguments.out, QUERY_COLUMNS, rows)
        return
    if arguments.images or arguments.query:
        raise ConfigError(f"{arguments.source}: --images and --query belong to queries, a .csv or a .pl file")
    networks = chosen(trained.networks, arguments.network)
    several = len(trained.networks) > 1
    rows, notes = rows_of_images(networks, arguments.source, several)
    for note in notes:
        print(note)
    write_rows(arguments.out, symbol_columns(several), rows)


def _by_clusters(arguments: argparse.Namespace) -> None:
    """A row for each input, with the name of its cluster."""
    if arguments.images or arguments.query or arguments.network:
        raise ConfigError(f"{arguments.folder}: --images, --query and --network belong to runs of `train`")
    trained = run_folder.read(arguments.folder)
    inputs = read_further(arguments.source, trained)
    found = assign(trained.model, inputs.values)
    # runs of earlier versions have no bound
    bound = trained.settings.get("unlike_above")
    run_folder.write_table(arguments.out, inputs.names, found, trained.names, bound)
