"""IDX files, the format of MNIST and its relatives: magic number, sizes, bytes."""

import gzip
import io
import math
import struct
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from gedi_nesy.data.dataset import DataError, Source, Split

CHUNK = 1 << 20
"""Bytes read at a time: what a header promises is believed only as far as the file goes."""


def read_idx(path: Path) -> UInt8[np.ndarray, "..."]:
    """The array of bytes in `path`, or in `path`.gz; FileNotFoundError if neither is there, DataError if damaged."""
    zipped = path.with_name(path.name + ".gz")
    if not path.exists() and zipped.exists():
        path = zipped
    with path.open("rb") as file:
        try:
            return _parse(gzip.GzipFile(fileobj=file) if path == zipped else file)
        except (OSError, EOFError, zlib.error, DataError) as error:
            raise DataError(f"{path}: damaged ({error})") from error


def _parse(file: io.BufferedIOBase) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != b"\0\0\x08" or not 1 <= magic[3] <= 4:
        raise DataError(f"it begins with {magic.hex() or 'nothing'}, and bytes in IDX format with 000008")
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError("it ends within its header")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    expected, content = math.prod(shape), bytearray()
    while chunk := file.read(CHUNK):
        content += chunk
        if len(content) > expected:
            raise DataError(f"it goes on behind the {expected} bytes of its shape {shape}")
    if len(content) < expected:
        raise DataError(f"{len(content)} bytes where its shape {shape} asks for {expected}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def torchvision_source(name: str, folder: str) -> Source:
    """A relative of MNIST, as `torchvision.datasets` keeps it: four IDX files in ROOT/`folder`/raw."""
    return Source(
        name,
        folder,
        image_shape=(1, 28, 28),
        num_classes=10,
        read=partial(_read_both, folder=folder),
        place=f"{folder}/raw",
        fetch=f"python -c \"import torchvision; torchvision.datasets.{folder}('ROOT', download=True)\"",
    )


def _read_both(root: Path, folder: str) -> tuple[Split, Split]:
    return _read_part(root / folder / "raw", "train"), _read_part(root / folder / "raw", "t10k")


def _read_part(folder: Path, part: str) -> Split:
    images_file, labels_file = (folder / f"{part}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
    images, labels = read_idx(images_file), read_idx(labels_file)
    for file, array, rank in ((images_file, images, 3), (labels_file, labels, 1)):
        if array.ndim != rank:
            raise DataError(f"{file}: damaged (its shape is {array.shape}, {rank} sizes are needed)")
    return Split(torch.from_numpy(images)[:, None], torch.from_numpy(labels).long())
