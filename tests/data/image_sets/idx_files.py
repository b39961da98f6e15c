"""MNIST's format, written by the book."""

import struct
from pathlib import Path

import numpy as np


def write_idx(path: Path, array: np.ndarray) -> None:
    """Magic number, sizes, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_mnist(root: Path, folder: str = "MNIST", train: int = 30, test: int = 10) -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 256, (train + test, 28, 28))
    for prefix, part in (("train", images[:train]), ("t10k", images[train:])):
        write_idx(root / folder / "raw" / f"{prefix}-images-idx3-ubyte", part)
        write_idx(root / folder / "raw" / f"{prefix}-labels-idx1-ubyte", np.arange(len(part)) % 10)
    return images
