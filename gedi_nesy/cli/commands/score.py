"""`score RUN IMAGES --labels FILE.csv`: how well the symbols of a run agree with labels that a person has."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gedi_nesy.cli.label_files import labels_by_folder
from gedi_nesy.cli.trained import Trained, read_trained
from gedi_nesy.cluster import assign
from gedi_nesy.data.dataset import DataError
from gedi_nesy.errors import ConfigError, did_you_mean
from gedi_nesy.tasks.files.labels import read_labels
from gedi_nesy.tasks.files.query_files import name_of

SUMMARY = "how well the symbols or clusters of a run agree with labels"
MOST_COLUMNS = 30
"""Symbols and labels of which the confusion is printed; of more, only --json has it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument(
        "folder", type=Path, metavar="RUN", help="what `train --out` or `cluster --out` wrote"
    )
    parser.add_argument("source", type=Path, metavar="IMAGES", help="images, or points, that have labels")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE.csv", help="columns image and symbol (or label)[, network]"
    )
    parser.add_argument(
        "--folders-are-labels",
        action="store_true",
        help="an image's label is the sub-folder in which it lies",
    )
    parser.add_argument("--network", metavar="NAME", help="the only one to score (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """A block for each network: accuracy, NMI, ARI, confusion."""
    if bool(arguments.labels) == arguments.folders_are_labels:
        raise ConfigError("--labels FILE.csv or --folders-are-labels: one of them says what the images show")
    networks = read_trained(arguments.folder, arguments.network)
    scores = {}
    for name, network in networks.items():
        inputs = network.read(arguments.source)
        labels = _labels(arguments, name, len(networks) > 1, inputs.names)
        if any(label is not None for label in labels):
            scores[name] = score(network, inputs.values, labels)
    if not scores:
        raise DataError(f"{arguments.labels}: no image has a label")
    if arguments.json:
        print(json.dumps(scores, indent=2))
    else:
        print("\n\n".join(_text(name, own, networks[name]) for name, own in scores.items()))
    return 0


def score(network: Trained, inputs: Tensor, labels: list[str | None]) -> dict[str, Any]:
    """The numbers, over the inputs that have a label."""
    # scikit-learn takes a second to import, and is not always there
    from gedi_nesy.metrics import clustering  # noqa: PLC0415

    rows = [row for row, label in enumerate(labels) if label is not None]
    found = assign(network.model, inputs[rows])
    read = found.probabilities.argmax(dim=1).numpy()
    names = list(dict.fromkeys([*network.symbols, *sorted({str(labels[row]) for row in rows}, key=_order)]))
    place = {name: number for number, name in enumerate(names)}
    predictions = np.array([place[network.symbols[cluster]] for cluster in read])
    truth = np.array([place[str(labels[row])] for row in rows])
    best = clustering.best_map(truth, predictions, len(names))
    counts = clustering.confusion_matrix(truth, predictions, len(names))
    return {
        "images": len(rows),
        "accuracy": clustering.accuracy(truth, predictions) if network.has_meaning else None,
        "accuracy_renamed": clustering.accuracy(truth, best[predictions]),
        "nmi": clustering.nmi(truth, predictions),
        "ari": clustering.ari(truth, predictions),
        "names": names,
        "confusion": counts.tolist(),
    }


def _labels(arguments: argparse.Namespace, network: str, several: bool, names: list[str]) -> list[str | None]:
    """Of each input, None where there is none."""
    if arguments.folders_are_labels:
        return labels_by_folder(names)
    known, _ = read_labels(arguments.labels)
    place = {name: number for number, name in enumerate(names)}
    found: list[str | None] = [None] * len(names)
    for each in known:
        if each.network not in (None, network):
            continue
        if each.network is None and several:
            raise DataError(f"{each.where}: which network has this symbol? A column network says it")
        if each.image not in place:
            hint = did_you_mean(each.image, place)
            raise DataError(f"{each.where}: no image {each.image!r} in {arguments.source}{hint}")
        found[place[each.image]] = name_of(each.symbol)
    return found


def _order(name: str) -> tuple[int, float, str]:
    """Numbers by value, before names."""
    return (0, float(name), "") if name.replace(".", "", 1).isdecimal() else (1, 0.0, name)


def _text(name: str, own: dict[str, Any], network: Trained) -> str:
    lines = [f"{name}: {own['images']:,} images with a label"]
    if own["accuracy"] is not None:
        lines.append(f"  accuracy  {own['accuracy']:.4f}")
    lines.append(f"  renamed   {own['accuracy_renamed']:.4f}  under the best one-to-one renaming")
    lines += [f"  NMI       {own['nmi']:.4f}", f"  ARI       {own['ari']:.4f}"]
    counts = np.array(own["confusion"])
    rows = [row for row in range(len(counts)) if counts[row].any()]
    columns = [column for column in range(len(counts)) if own["names"][column] in network.symbols]
    if len(rows) <= MOST_COLUMNS and len(columns) <= MOST_COLUMNS:
        lines += ["", *_confusion(counts, own["names"], rows, columns)]
    return "\n".join(lines)


def _confusion(counts: np.ndarray, names: list[str], rows: list[int], columns: list[int]) -> list[str]:
    """True labels by row, what is read by column."""
    width = max(4, *(len(names[column]) for column in columns), len(str(counts.max())))
    first = max(len("label"), *(len(names[row]) for row in rows))
    lines = [f"  {'label':>{first}}  " + " ".join(f"{names[column]:>{width}}" for column in columns)]
    for row in rows:
        cells = (str(counts[row, column]) if counts[row, column] else "." for column in columns)
        lines.append(f"  {names[row]:>{first}}  " + " ".join(f"{cell:>{width}}" for cell in cells))
    return lines
