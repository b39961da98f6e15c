"""`ask RUN`: the few images whose labels would help most, as a table to be filled in."""

import argparse
import math
from pathlib import Path
from typing import Any

from gedi_nesy.cli.run_folder import RunFolderError, read_json
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.cli.task_runs.tables import write_rows
from gedi_nesy.errors import ConfigError

SUMMARY = "the few images that are worth a label, as a table that `train --labels` takes"
COLUMNS = ("image", "network", "symbol", "read_as", "probability")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="what `train --out` wrote")
    parser.add_argument("--num", type=int, default=5, metavar="N", help="images at the most (default: 5)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.csv", help="the table to write (default: RUN/labels.csv)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the images, and write the table in which their symbols are to be filled in."""
    if arguments.num < 1:
        raise ConfigError(f"--num {arguments.num} must be at least 1")
    settings = task_folder.read_settings(arguments.folder)
    out: Path = arguments.out or arguments.folder / "labels.csv"
    if out.exists():
        raise ConfigError(f"{out}: is there already, and symbols may be filled in; --out says where to write")
    asked = _read(arguments.folder)[: arguments.num]
    if not asked:
        print("no image is worth a label: the symbols are settled")
        return 0
    rows = [
        [each["image"], each["network"], "", each["read_as"], f"{each['probability']:.6g}"] for each in asked
    ]
    for image, network, _, read_as, probability in rows:
        print(f"{image}  (read by {network} as {read_as}, {float(probability):.0%})")
    for name in dict.fromkeys(each["network"] for each in asked):
        print(f"symbols of {name}: {', '.join(settings['networks'][name]['symbols'])}")
    write_rows(out, COLUMNS, rows)
    print(f"written: {out}; fill in the column symbol, and train again with --labels {out}")
    return 0


def _read(folder: Path) -> list[dict[str, Any]]:
    """What `train` left there."""
    file = folder / task_folder.ASK
    found = read_json(file)
    if found is None:
        raise RunFolderError(f"{file}: is missing; only runs of this version can be asked")
    images, networks = found.get("images"), task_folder.read_settings(folder)["networks"]
    if not isinstance(images, list) or not all(_is_asked(each, networks) for each in images):
        raise RunFolderError(f"{file}: damaged: it holds no images that are asked for")
    return images


def _is_asked(given: object, networks: dict[str, Any]) -> bool:
    return (
        isinstance(given, dict)
        and isinstance(given.get("image"), str)
        and isinstance(given.get("read_as"), str)
        and given.get("network") in networks
        and isinstance(given.get("probability"), float)
        and math.isfinite(given["probability"])
    )
