"""`report RUN`: the page of a run again, with the names its clusters have by now, or against labels."""

import argparse
from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.cli.cluster_inputs import read_further
from gedi_nesy.cli.label_files import labels_by_folder, read_labels
from gedi_nesy.cli.run_page import page_of
from gedi_nesy.cluster import assign
from gedi_nesy.errors import ConfigError
from gedi_nesy.report.page.write import write_page

SUMMARY = "the page of a run: one HTML file for a person who did not make it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="what `cluster --out` wrote")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.html", help="where to write it (default: RUN/page.html)"
    )
    parser.add_argument(
        "--source",
        type=Path,
        metavar="IMAGES",
        help="where the images or points of the run are now, if moved",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE.csv",
        help="columns image and label: how clusters agree with them; nothing is trained with them",
    )
    parser.add_argument(
        "--folders-are-labels",
        action="store_true",
        help="an image's label is the sub-folder in which it lies",
    )


def run(arguments: argparse.Namespace) -> int:
    """Read the run and its source again, and write the page."""
    if arguments.labels and arguments.folders_are_labels:
        raise ConfigError("--labels and --folders-are-labels: give one of them")
    trained = run_folder.read(arguments.folder)
    source = arguments.source or Path(trained.settings["source"])
    if not source.exists():
        raise ConfigError(f"{source}: no such file or folder; --source says where the run's images are now")
    inputs = read_further(source, trained, say=lambda note: None)
    found = assign(trained.model, inputs.values)
    labels, note = None, ""
    if arguments.labels:
        labels, note = (
            read_labels(arguments.labels, inputs.names),
            f"Labels from {arguments.labels.name}.",
        )
    elif arguments.folders_are_labels:
        labels, note = labels_by_folder(inputs.names), "Labels are the names of the sub-folders."
    history = run_folder.read_history(arguments.folder / run_folder.HISTORY)
    target = arguments.out or arguments.folder / run_folder.PAGE
    write_page(target, page_of(trained, inputs, found, history, labels, note))
    print(f"written: {target}")
    return 0
