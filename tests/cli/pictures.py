"""Folders of tiny images, and what commands made of them."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image


def write_halves(folder: Path, count: int = 12) -> None:
    """Images of 8x8, every other one bright at the left and in a sub-folder, the others at the right."""
    random = np.random.default_rng(0)
    for number in range(count):
        pixels = random.integers(60, size=(8, 8), dtype=np.uint8)
        pixels[1:7, 1:4] += 150 * (number % 2 == 0)
        pixels[1:7, 4:7] += 150 * (number % 2 == 1)
        file = folder / ("left" if number % 2 == 0 else "") / f"{number:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(file)


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))
