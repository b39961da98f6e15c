"""Tables of what the networks of a run read: symbols of images, answers of queries."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from torch import Tensor

from gedi_nesy.cli.task_runs.folder import Network
from gedi_nesy.cluster import Assignments, assign
from gedi_nesy.files import write_whole


def symbol_rows(
    names: Sequence[str], network: Network, found: Assignments, called: str | None
) -> Iterator[list[str]]:
    """A row an image: image, network if there are several, symbol, probability, energy, unlike."""
    best, clusters = (part.tolist() for part in found.probabilities.max(dim=1))
    for name, cluster, sure, energy in zip(names, clusters, best, found.energies.tolist(), strict=True):
        unlike = "yes" if energy > network.unlike_above else "no"
        own = [] if called is None else [called]
        yield [name, *own, network.symbols[cluster], f"{sure:.6g}", f"{energy:.6g}", unlike]


def symbol_columns(several: bool) -> list[str]:
    """The names of these columns."""
    return ["image", *["network"] * several, "symbol", "probability", "energy", "unlike"]


def read_images(network: Network, inputs: Tensor) -> Assignments:
    """p(y|x) and E(x) of images as they come."""
    return assign(network.model, network.prepared(inputs))


def write_rows(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_whole(file, text.getvalue().encode())
