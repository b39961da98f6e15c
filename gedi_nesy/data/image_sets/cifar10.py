"""CIFAR-10: 50,000 and 10,000 colour photographs of ten classes, 32x32, in its binary version.

Not in the Python version that torchvision fetches: that is a pickle, and to open one is to run what it says.
"""

from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.dataset import DataError, Source, Split

FOLDER = "cifar-10-batches-bin"
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
"""A byte for the class, then the red, the green and the blue pixels."""
LIMIT = 100_000
"""More images than any of the files holds."""


def _read(root: Path) -> tuple[Split, Split]:
    names = [f"data_batch_{number}.bin" for number in range(1, 6)]
    return _read_part([root / FOLDER / name for name in names]), _read_part(
        [root / FOLDER / "test_batch.bin"]
    )


def _read_part(paths: list[Path]) -> Split:
    parts = []
    for path in paths:
        size = path.stat().st_size
        if size % RECORD or not 0 < size <= LIMIT * RECORD:
            raise DataError(f"{path}: damaged ({size} bytes are no records of {RECORD})")
        parts.append(np.fromfile(path, dtype=np.uint8).reshape(-1, RECORD))
    labels = torch.from_numpy(np.concatenate([part[:, 0] for part in parts])).long()
    return Split(torch.from_numpy(np.concatenate([part[:, 1:] for part in parts])).view(-1, *SHAPE), labels)


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
