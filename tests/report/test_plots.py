"""Pictures are looked at by people; here that they are drawn, and show what they should where that can be read."""

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from gedi_nesy.report import plots, tables


@pytest.fixture
def digits() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.random((40, 1, 28, 28)).astype(np.float32), np.arange(40) % 4


def red(path) -> int:
    """Pixels of pure red, the colour of the frames around misread images."""
    picture = imread(path)
    return int(((picture[..., 0] > 0.9) & (picture[..., 1] < 0.1) & (picture[..., 2] < 0.1)).sum())


def test_misread_images_are_framed(tmp_path, digits):
    images, labels = digits
    right = plots.symbol_rows(images, labels, labels, 4, tmp_path / "right.png")
    wrong = plots.symbol_rows(images, labels, np.roll(labels, 1), 4, tmp_path / "wrong.png")
    assert red(right) == 0
    assert red(wrong) > 100


def test_an_unused_symbol_has_an_empty_row(tmp_path, digits):
    images, labels = digits
    assert plots.symbol_rows(images, labels, np.zeros_like(labels), 4, tmp_path / "one.png").exists()


@pytest.mark.parametrize("channels", [1, 3])
def test_galleries_take_grey_and_colour(tmp_path, channels):
    pictures = np.random.default_rng(0).random((20, channels, 8, 8))
    path = plots.gallery({"samples": pictures, "data": pictures[:5]}, tmp_path / "g.png", columns=16)
    assert imread(path).size > 0


def test_curves_and_confusion(tmp_path):
    path = plots.curves(
        {"gen": [float("nan"), 1.0, 2.0], "inv": [0.0, 1.0, 2.0]}, {0: "1", 1: "refine"}, tmp_path / "c.png"
    )
    assert imread(path).size > 0
    assert plots.confusion(np.array([[3, 1], [0, 4]]), tmp_path / "new" / "m.png").exists()


def test_smoothing_is_a_moving_average():
    assert plots._smooth(np.array([0.0, 3.0, 6.0, 9.0]), 3) == pytest.approx([1.5, 3.0, 6.0, 7.5])
    assert len(plots._smooth(np.array([]), 3)) == 0


def test_tables_fit_eighty_columns():
    metrics = {
        "accuracy": 0.9876,
        "clustering_accuracy": 0.9876,
        "nmi": 0.95,
        "symbols_in_use": 10.0,
        "p_constraint": 0.9,
        "ood_auroc": 0.9,
        "seconds": 123.4,
    }
    summary = {name: {"median": value, "min": value} for name, value in metrics.items()}
    console = Console(width=80, record=True)
    console.print(tables.seeds_table([(0, metrics, "grounded"), (1, metrics, "collapsed")], summary, "title"))
    console.print(tables.rows_table({"inv + prior + rule": (summary, "5 grounded")}, "title"))
    text = console.export_text()
    for expected in ("grounded", "collapsed", "clust.", "0.988", "123", "median", "5 grounded"):
        assert expected in text
    assert "…" not in text
