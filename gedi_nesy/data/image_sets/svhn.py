"""SVHN: 73,257 and 26,032 colour photographs of a digit of a house number, 32x32, in two files of MATLAB's."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.dataset import DataError, Source, Split

SHAPE = (3, 32, 32)
HEADER = 128
"""Bytes, the last four of which are the version and the order of bytes."""
LITTLE_ENDIAN = b"\x00\x01IM"
UINT8, MATRIX, COMPRESSED = 2, 14, 15
"""Types of elements in files of version 5 (MAT-File Format, table 1-1)."""
LIMIT = 100_000 * 3 * 32 * 32
"""Bytes of a matrix, more than either file has: a small file cannot unpack to gigabytes."""


def _read(root: Path) -> tuple[Split, Split]:
    return _read_part(root / "train_32x32.mat"), _read_part(root / "test_32x32.mat")


def _read_part(path: Path) -> Split:
    """X holds pixels by row, column, colour and image, first things fastest; y the digits, where 10 is a 0."""
    content = path.read_bytes()
    try:
        if content[HEADER - 4 : HEADER] != LITTLE_ENDIAN:
            raise DataError("no file of version 5")
        found = dict(_matrices(memoryview(content)[HEADER:]))
        images, labels = found["X"], found["y"]
        count = images.shape[-1]
        if images.shape != (32, 32, 3, count) or labels.size != count or not count:
            raise DataError(f"X of {images.shape} and y of {labels.shape} are not images and their digits")
    except KeyError as error:
        raise DataError(f"{path}: damaged (it holds no {error})") from error
    except (DataError, zlib.error, struct.error, ValueError) as error:
        raise DataError(f"{path}: damaged ({error})") from error
    labels = torch.from_numpy(labels.reshape(-1).astype(np.int64))
    if not bool(((labels >= 1) & (labels <= 10)).all()):
        raise DataError(f"{path}: damaged (digits must be 1 to 10, found {labels.min()} to {labels.max()})")
    return Split(torch.from_numpy(images.transpose(3, 2, 0, 1).copy()), labels % 10)


def _matrices(content: memoryview) -> Iterator[tuple[str, np.ndarray]]:
    """The matrices of bytes in a file, by name."""
    for kind, data in _elements(content):
        if kind == COMPRESSED:
            yield from _matrices(memoryview(zlib.decompressobj().decompress(data, LIMIT)))
        elif kind == MATRIX:
            yield _matrix(data)


def _matrix(data: memoryview) -> tuple[str, np.ndarray]:
    """Flags, sizes, name, numbers."""
    parts = list(_elements(data))
    if len(parts) < 4:
        raise DataError("a matrix is cut off")
    _, (_, sizes), (_, name), (kind, numbers) = parts[:4]
    if kind != UINT8:
        raise DataError("a matrix holds no bytes")
    shape = np.frombuffer(sizes, dtype="<i4").tolist()
    return bytes(name).decode("ascii"), np.frombuffer(numbers, dtype=np.uint8).reshape(shape, order="F")


def _elements(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and data of each element: 8 bytes of head, then data up to the next 8; or 4, and at most 4 of data."""
    at = 0
    while at < len(content):
        kind, size = struct.unpack_from("<II", content, at)
        small = kind >> 16
        begin, size = (at + 4, small) if small else (at + 8, size)
        if begin + size > len(content) or small > 4:
            raise DataError("an element is cut off")
        yield kind & 0xFFFF, content[begin : begin + size]
        at = at + 8 if small else begin + size + (0 if kind == COMPRESSED else -size % 8)


SOURCE = Source(
    "svhn",
    "SVHN",
    image_shape=SHAPE,
    num_classes=10,
    read=_read,
    place="train_32x32.mat and test_32x32.mat",
    fetch='python -c "import torchvision; '
    "[torchvision.datasets.SVHN('ROOT', split=part, download=True) for part in ('train', 'test')]\"",
)
