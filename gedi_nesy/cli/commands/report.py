"""`report RUN`: the page of a run again, with the names its clusters have by now, or against labels."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from gedi_nesy.cli import run_folder, run_page
from gedi_nesy.cli.cluster_inputs import further_features, read_further
from gedi_nesy.cli.label_files import labels_by_folder, read_labels
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.cli.task_runs import page as task_page
from gedi_nesy.cli.trained import read_inputs_for
from gedi_nesy.cluster import assign
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.report.page.content import Page
from gedi_nesy.report.page.write import write_page

SUMMARY = "the page of a run: one HTML file for a person who did not make it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="what `cluster` or `train` wrote to --out")
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
        help="columns image and label (or symbol), with several networks also network: how the run agrees with them;"
        " nothing is trained with them",
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
    make = _page_of_task if task_folder.is_task(arguments.folder) else _page_of_clusters
    page = make(arguments)
    target = arguments.out or arguments.folder / run_folder.PAGE
    write_page(target, page)
    print(f"written: {target}")
    return 0


def _page_of_clusters(arguments: argparse.Namespace) -> Page:
    trained = run_folder.read(arguments.folder)
    source = arguments.source or Path(trained.settings["source"])
    _check_there(source)
    inputs = read_further(source, trained, say=lambda note: None)
    found = assign(trained.model, inputs.values)
    history = run_folder.read_history(arguments.folder / run_folder.HISTORY)
    return run_page.page_of(
        trained, inputs, found, history, _labels(arguments, inputs.names), _note(arguments)
    )


def _page_of_task(arguments: argparse.Namespace) -> Page:
    trained = task_folder.read(arguments.folder)
    collections, labels = {}, {}
    for name, network in trained.networks.items():
        source = arguments.source or Path(trained.settings["networks"][name]["pool"])
        _check_there(source)
        backbone = network.model.backbone
        if isinstance(backbone, FrozenFeatures):
            collections[name] = further_features(source, backbone, lambda note: None)
        else:
            collections[name] = read_inputs_for(network.model, source)
        labels[name] = _labels(arguments, collections[name].names, name)
    return task_page.page_of(trained, collections, labels, _note(arguments))


def _check_there(source: Path) -> None:
    if not source.exists():
        raise ConfigError(f"{source}: no such file or folder; --source says where the run's images are now")


def _labels(
    arguments: argparse.Namespace, names: Sequence[str], network: str | None = None
) -> list[str | None] | None:
    if arguments.labels:
        return read_labels(arguments.labels, names, network)
    return labels_by_folder(names) if arguments.folders_are_labels else None


def _note(arguments: argparse.Namespace) -> str:
    if arguments.labels:
        return f"Labels from {arguments.labels.name}."
    return "Labels are the names of the sub-folders." if arguments.folders_are_labels else ""
