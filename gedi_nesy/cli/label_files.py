"""Labels that a person has for some inputs: a CSV file, or the folders in which images lie."""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from gedi_nesy.data.dataset import DataError


def read_labels(file: Path, names: Sequence[str], network: str | None = None) -> list[str | None]:
    """The label of each input of these names, from a CSV file with the columns `image` and `label`; None without one.

    The second column may be called `symbol`. Of `network` are all rows, but those with another in a column `network`.
    DataError names file and line where something does not fit.
    """
    if not file.is_file():
        raise DataError(f"{file}: no such file")
    with file.open(newline="", encoding="utf-8-sig") as opened:
        reader = csv.DictReader(opened, strict=True)
        try:
            rows = [
                (reader.line_num, row.get("image"), row.get("label") or row.get("symbol"))
                for row in reader
                if network is None or row.get("network") in (None, "", network)
            ]
        except csv.Error as error:
            raise DataError(f"{file}: line {reader.line_num}: {error}") from error
        columns = set(reader.fieldnames or ())
    if "image" not in columns or not columns & {"label", "symbol"}:
        raise DataError(f"{file}: its first line must name the columns image and label")
    known, found = set(names), dict[str, str]()
    for line, name, label in rows:
        if not name or not label:
            raise DataError(f"{file}: line {line} has no {'label' if name else 'image'}")
        if name not in known:
            raise DataError(
                f"{file}: line {line}: {name!r} is none of the run's inputs, such as {names[0]!r}"
            )
        if found.setdefault(name, label) != label:
            raise DataError(f"{file}: line {line}: {name!r} has two labels, {found[name]!r} and {label!r}")
    return [found.get(name) for name in names]


def labels_by_folder(names: Sequence[str]) -> list[str | None]:
    """The folder in which each image lies; None for one that lies in no sub-folder."""
    folders = [str(PurePosixPath(name).parent) for name in names]
    found = [None if folder == "." else folder for folder in folders]
    if not any(found):
        raise DataError("--folders-are-labels: no image lies in a sub-folder")
    return found
