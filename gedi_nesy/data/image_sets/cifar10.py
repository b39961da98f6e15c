"""CIFAR-10: 50,000 and 10,000 colour photographs of ten classes, 32x32, in its binary version.

Not in the Python version that torchvision fetches: that is a pickle, and to open one is to run what it says.
"""

from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.dataset import DataError, Source, Split

FOLDER = "cifar-10-batches-bin"
SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
"""Bytes of an image: the red, the green and the blue pixels; before them stands its class."""
LIMIT = 100_000
"""More images than any of the files holds."""


def _read(root: Path) -> tuple[Split, Split]:
    names = [f"data_batch_{number}.bin" for number in range(1, 6)]
    return read_records([root / FOLDER / name for name in names]), read_records(
        [root / FOLDER / "test_batch.bin"]
    )


def read_records(paths: list[Path], class_bytes: int = 1) -> Split:
    """Images of these files, one after the other; of several bytes for the class the last one counts."""
    parts, length = [], class_bytes + PIXELS
    for path in paths:
        size = path.stat().st_size
        if size % length or not 0 < size <= LIMIT * length:
            raise DataError(f"{path}: damaged ({size} bytes are no records of {length})")
        parts.append(np.fromfile(path, dtype=np.uint8).reshape(-1, length))
    records = torch.from_numpy(np.concatenate(parts))
    return Split(records[:, class_bytes:].reshape(-1, *SHAPE), records[:, class_bytes - 1].long())


SOURCE = Source(
    "cifar10",
    "CIFAR-10",
    image_shape=SHAPE,
    num_classes=10,
    read=_read,
    place=FOLDER,
    fetch='python -c "from torchvision.datasets.utils import download_and_extract_archive as fetch; '
    "fetch('https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz', 'ROOT')\"",
)
