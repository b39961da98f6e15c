"""USPS: 7,291 and 2,007 handwritten digits of 16x16 pixels, in the two files that torchvision keeps."""

import bz2
from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.dataset import DataError, Source, Split

SIDE = 16
LINE_LIMIT = 10_000
"""Characters; a line of these files has about 4,000."""


def _read(root: Path) -> tuple[Split, Split]:
    return _read_part(root / "usps.bz2"), _read_part(root / "usps.t.bz2")


def _read_part(path: Path) -> Split:
    """A line an image: class from 1 to 10, then PIXEL:VALUE with values from -1 to 1, as LIBSVM writes them."""
    images, labels = [], []
    with path.open("rb") as file:
        lines = bz2.BZ2File(file)
        try:
            while line := lines.readline(LINE_LIMIT):
                label, pixels = _parse(line, len(images) + 1)
                labels.append(label)
                images.append(pixels)
        except (OSError, EOFError, DataError) as error:
            raise DataError(f"{path}: damaged ({error})") from error
    pixels = np.array(images, dtype=np.uint8).reshape(-1, 1, SIDE, SIDE)
    return Split(torch.from_numpy(pixels), torch.tensor(labels, dtype=torch.long))


def _parse(line: bytes, number: int) -> tuple[int, np.ndarray]:
    try:
        label, *cells = line.split()
        values = np.array([cell.rpartition(b":")[2] for cell in cells]).astype(np.float64)
        found = int(label) - 1
    except ValueError as error:
        raise DataError(f"line {number}: {str(error)[:100]}") from error
    if values.shape != (SIDE * SIDE,) or not (np.abs(values) <= 1).all():
        raise DataError(f"line {number}: {SIDE * SIDE} values from -1 to 1 are needed")
    if not 0 <= found <= 9:
        raise DataError(f"line {number}: its class is {found + 1}, and they are 1 to 10")
    # as torchvision makes bytes of them
    return found, ((values.astype(np.float32) + 1) / 2 * 255).astype(np.uint8)


SOURCE = Source(
    "usps",
    "USPS",
    image_shape=(1, SIDE, SIDE),
    num_classes=10,
    read=_read,
    place="usps.bz2 and usps.t.bz2",
    fetch='python -c "import torchvision; '
    "[torchvision.datasets.USPS('ROOT', train=part, download=True) for part in (True, False)]\"",
)
