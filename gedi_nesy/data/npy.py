"""Arrays of numbers in .npy files, read strictly: numpy's own reader evaluates the header as Python text."""

import math
import re
from pathlib import Path

import numpy as np

from gedi_nesy.data.dataset import DataError

MAGIC = b"\x93NUMPY"
LENGTHS = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
"""Bytes of the header's length, by the version of the format."""
MAX_HEADER = 10_000
HEADER = re.compile(
    rb"\{'descr': '([<>|=]?)([a-zA-Z])(\d{1,4})?', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,18},? ?)*)\), \}\s*"
)


def read_npy(path: Path) -> np.ndarray:
    """The floats, integers or unsigned integers in `path`; DataError if it holds anything else or is damaged."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DataError(f"{path}: no array of numbers: it does not begin as .npy files do")
        length = LENGTHS.get(file.read(2), 0)
        size = int.from_bytes(file.read(length), "little")
        text = file.read(size) if 0 < size <= MAX_HEADER else b""
        found = HEADER.fullmatch(text)
        if found is None:
            raise DataError(f"{path}: no array of numbers: its header is damaged, or that of no plain array")
        order, kind, width, fortran, sizes = (part.decode() if part else "" for part in found.groups())
        shape = tuple(int(part) for part in sizes.replace(",", " ").split())
        if kind == "O":
            raise DataError(
                f"{path}: no array of numbers: it holds Python objects, which are never unpickled"
            )
        try:
            dtype = np.dtype(order + kind + width)
        except TypeError as error:
            raise DataError(f"{path}: no array of numbers: {error}") from error
        if kind not in "fiu" or dtype.itemsize > 8:
            raise DataError(f"{path}: the array must be numbers of shape (point, dim), found {dtype} {shape}")
        expected = math.prod(shape) * dtype.itemsize
        there = path.stat().st_size - file.tell()
        if there != expected:
            raise DataError(
                f"{path}: no array of numbers: {there} bytes where its shape {shape} asks for {expected}"
            )
        values = np.frombuffer(file.read(expected), dtype)
    return values.reshape(shape, order="F" if fortran == "True" else "C")
