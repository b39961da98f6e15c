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


RULE = """nn(side_net, [X], Y, [left, right]) :: side(X, Y).
same(A, B, yes) :- side(A, X), side(B, X).
same(A, B, no) :- side(A, X), side(B, Y), X \\= Y.
"""


def write_task(folder: Path) -> None:
    """The same images, a rule about pairs of them, 26 queries that hold, and two labels."""
    write_halves(folder / "images")
    (folder / "same.pl").write_text(RULE)
    names = [f"{'left/' if number % 2 == 0 else ''}{number:02d}.png" for number in range(12)]
    rows = [
        f"{names[a]},{names[b]},{'yes' if (a - b) % 2 == 0 else 'no'}"
        for a in range(12)
        for b in range(a + 1, 12, 3)
    ]
    (folder / "same.csv").write_text("\n".join(["A,B,Same", *rows]) + "\n")
    (folder / "labels.csv").write_text("image,symbol\nleft/00.png,left\n01.png,right\n")


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))
