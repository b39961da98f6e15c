"""`name RUN 3=seven ...`: what the clusters of a run are called, in all predictions to come."""

import argparse
from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.errors import ConfigError, one_line

SUMMARY = "names for the clusters of a run, which predictions then carry"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="what `cluster --out` wrote")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="CLUSTER=NAME",
        help="such as 3=seven; 3= takes a name away; none: list them",
    )


def run(arguments: argparse.Namespace) -> int:
    """Add names to those that there are, and list all; several clusters may share one."""
    clusters = run_folder.read_settings(arguments.folder)["num_clusters"]
    names = run_folder.read_names(arguments.folder)
    for given in arguments.names:
        number, equals, name = given.partition("=")
        if not equals or not number.isdecimal() or int(number) >= clusters:
            raise ConfigError(f"{given}: expected CLUSTER=NAME, with a cluster from 0 to {clusters - 1}")
        names[int(number)] = one_line(name)
    names = {cluster: name for cluster, name in names.items() if name}
    if arguments.names:
        run_folder.write_names(arguments.folder, names)
    for cluster in range(clusters):
        print(f"{cluster}: {names.get(cluster, '(no name)')}")
    return 0
