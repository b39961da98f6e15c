"""Small images of a few classes in folders, and the benchmark on them as a user would type it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.images import __main__ as images
from benchmarks.images import generation
from gedi_nesy.features.encoders import FrozenEncoder

SIDE, CLASSES, EACH = 8, 3, 20
SMALL = [
    *("--dataset", "folder", "--device", "cpu", "--threads", 1, "--width", 8, "--iterations", 4),
    *("--encoder", "corners", "--others", "noise", "interpolations"),
]


def write_classes(root: Path, each: int = EACH) -> Path:
    """Noise with a bright bar, whose row is the class: three classes, 8x8 pixels."""
    random = np.random.default_rng(0)
    for number in range(CLASSES):
        (root / f"bar-{number}").mkdir(parents=True)
        for image in range(each):
            pixels = random.integers(0, 60, (SIDE, SIDE), dtype=np.uint8)
            pixels[2 * number : 2 * number + 2] = 220
            Image.fromarray(pixels).save(root / f"bar-{number}" / f"{image:03d}.png")
    return root


def corners(name: str = "corners") -> FrozenEncoder:
    """An encoder whose features are four pixels."""
    return FrozenEncoder(
        name, lambda x: x[:, 0, ::31, ::31].flatten(1), 4, 32, any_side=False, about="", fingerprint=name
    )


def made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short chains, and that encoder under any name; nothing is kept outside of --out."""
    monkeypatch.setenv("GEDI_NESY_CACHE", "")
    monkeypatch.setattr(generation, "load", corners)
    monkeypatch.setattr(generation, "LANGEVIN_STEPS", 3)
    monkeypatch.setattr(generation, "SHOWN_AT", (0, 2, 5))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of `python -m benchmarks.images ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["images", *map(str, arguments)])
    try:
        images.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
