"""Arrays of numbers in .npy and .npz files, read strictly: numpy's own reader evaluates the header as Python text."""

import io
import math
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

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
        return parse_npy(file, path.stat().st_size, str(path))


def read_npz(path: Path, keys: Sequence[str]) -> np.ndarray:
    """The only array of a .npz file, or the first of `keys` that it has; DataError as for `read_npy`."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            chosen = names if len(names) == 1 else [key for key in keys if key in names]
            if not chosen:
                raise DataError(f"{path}: holds {', '.join(names) or 'nothing'}; name one of them {keys[0]}")
            member = archive.getinfo(archive.namelist()[names.index(chosen[0])])
            with archive.open(member) as file:
                return parse_npy(
                    cast(io.BufferedIOBase, file), member.file_size, f"{path}, {member.filename}"
                )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: no archive of arrays: {error}") from error


def parse_npy(file: io.BufferedIOBase, length: int, name: str) -> np.ndarray:
    """The array of a file of `length` bytes; errors begin with `name`."""
    if file.read(len(MAGIC)) != MAGIC:
        raise DataError(f"{name}: no array of numbers: it does not begin as .npy files do")
    width = LENGTHS.get(file.read(2), 0)
    size = int.from_bytes(file.read(width), "little")
    text = file.read(size) if 0 < size <= MAX_HEADER else b""
    dtype, shape, order = _header(text, name)
    expected = math.prod(shape) * dtype.itemsize
    there = length - len(MAGIC) - 2 - width - size
    if there != expected:
        raise DataError(
            f"{name}: no array of numbers: {there} bytes where its shape {shape} asks for {expected}"
        )
    values = np.frombuffer(file.read(expected), dtype)
    if values.nbytes != expected:
        raise DataError(f"{name}: no array of numbers: {values.nbytes} bytes where {expected} were promised")
    return values.reshape(shape, order=order)


def _header(text: bytes, name: str) -> tuple[np.dtype, tuple[int, ...], Literal["C", "F"]]:
    found = HEADER.fullmatch(text)
    if found is None:
        raise DataError(f"{name}: no array of numbers: its header is damaged, or that of no plain array")
    order, kind, width, fortran, sizes = (part.decode() if part else "" for part in found.groups())
    shape = tuple(int(part) for part in sizes.replace(",", " ").split())
    if kind == "O":
        raise DataError(f"{name}: no array of numbers: it holds Python objects, which are never unpickled")
    try:
        dtype = np.dtype(order + kind + width)
    except TypeError as error:
        raise DataError(f"{name}: no array of numbers: {error}") from error
    if kind not in "fiu" or dtype.itemsize > 8:
        raise DataError(f"{name}: the array must be numbers of shape (point, dim), found {dtype} {shape}")
    return dtype, shape, "F" if fortran == "True" else "C"
