"""A user's own points: a CSV file or a .npy array, read with an error of one line for whatever is wrong."""

import csv
import math
import re
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.npy import read_npy
from gedi_nesy.data.points import Points

MIN_ROWS = 10
"""Fewer points than this are no data set."""


def load_file(path: Path) -> Points:
    """Points from `path`, a row each, at least two columns and ten rows; double precision, as in the file.

    A CSV file (comma or semicolon) may begin with a header, and if its last column is called `label` that column holds
    the classes, numbers or names, and is no input. A .npy file holds one array of numbers. DataError names file and
    row.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.suffix.lower() not in (".csv", ".npy"):
        raise DataError(f"{path}: points are read from .csv or .npy files")
    try:
        inputs, labels, rows = _read_npy(path) if path.suffix.lower() == ".npy" else _read_csv(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if len(inputs) < MIN_ROWS:
        raise DataError(f"{path}: {len(inputs)} rows of numbers, at least {MIN_ROWS} are needed")
    if inputs.shape[1] < 2:
        raise DataError(f"{path}: {inputs.shape[1]} column of numbers, at least 2 are needed")
    bad = ~np.isfinite(inputs).all(axis=1)
    if bad.any():
        raise DataError(f"{path}: NaN or infinity in row {rows[int(bad.argmax())]}")
    return Points(torch.from_numpy(inputs), labels)


def _read_npy(path: Path) -> tuple[np.ndarray, Int[Tensor, " labelled"], list[int]]:
    array = read_npy(path)
    if array.ndim != 2:
        raise DataError(
            f"{path}: the array must be numbers of shape (point, dim), found {array.dtype} {array.shape}"
        )
    return array.astype(np.float64), torch.empty(0, dtype=torch.long), list(range(1, len(array) + 1))


def _read_csv(path: Path) -> tuple[np.ndarray, Int[Tensor, " labelled"], list[int]]:
    rows = _rows(path)
    header = bool(rows) and _is_header(rows[0][1])
    names = [cell.lower() for cell in rows.pop(0)[1]] if header else []
    labelled = bool(names) and names[-1] == "label"
    width = len(names) if header else len(rows[0][1]) if rows else 0
    values, labels = [], []
    for number, cells in rows:
        if len(cells) != width:
            raise DataError(f"{path}: row {number} has {len(cells)} columns, the rows before it {width}")
        if labelled and not cells[-1]:
            raise DataError(f"{path}: row {number} has no label")
        values.append([_number(cell, path, number) for cell in (cells[:-1] if labelled else cells)])
        labels += cells[-1:] if labelled else []
    inputs = np.array(values, dtype=np.float64).reshape(len(values), width - labelled)
    return inputs, _as_classes(labels), [number for number, _ in rows]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, with their line numbers."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=";" if ";" in first else ",")
            found = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: no CSV text: {error}") from error
    return [(number, cells) for number, cells in found if any(cells)]


def _is_header(cells: list[str]) -> bool:
    """A first row in which nothing is a number, or which ends in `label`."""
    return cells[-1].lower() == "label" or not any(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, path: Path, number: int) -> float:
    if not cell:
        raise DataError(f"{path}: row {number} has an empty cell")
    if not _is_number(cell) or "_" in cell:
        raise DataError(f"{path}: row {number} holds {cell!r}, which is not a number")
    value = float(cell)
    if not math.isfinite(value):
        raise DataError(f"{path}: NaN or infinity in row {number}")
    return value


def _as_classes(labels: list[str]) -> Int[Tensor, " labelled"]:
    """Classes 0, 1, ... in the order of the labels, as numbers if all are whole numbers, else as words."""
    whole = all(re.fullmatch(r"-?\d{1,18}", label) for label in labels)
    names = sorted(set(labels), key=int if whole else str)
    place = {name: index for index, name in enumerate(names)}
    return torch.tensor([place[label] for label in labels], dtype=torch.long)
