"""Pictures are looked at by people; here that they are drawn, and that colours and places are what they should be."""

import numpy as np
import pytest
from matplotlib.image import imread

from gedi_nesy.report import points, weights


@pytest.fixture
def square() -> tuple[np.ndarray, np.ndarray]:
    inputs = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    return inputs, (inputs[:, 0] > 0).astype(np.int64)


def pixels_like(path, colour: np.ndarray) -> int:
    return int((np.abs(imread(path)[..., :3] - colour).max(axis=2) < 0.02).sum())


def test_a_grid_covers_the_points_with_square_cells(square):
    inputs = square[0] * [2.0, 1.0]
    grid = points.grid_around(inputs, side=80, margin=0.1)
    assert grid.points.shape == (grid.shape[0] * grid.shape[1], 2)
    assert max(grid.shape) == 80
    assert grid.x[0] < inputs[:, 0].min()
    assert grid.y[-1] > inputs[:, 1].max()
    assert np.diff(grid.x)[0] == pytest.approx(np.diff(grid.y)[0], rel=0.05)
    assert (grid.points.reshape(*grid.shape, 2)[3, 5] == np.float32([grid.x[5], grid.y[3]])).all()


def test_clusters_take_the_colours_of_their_classes():
    labels = np.array([0, 0, 0, 1, 1, 1])
    colours = points.matching(labels, np.array([2, 2, 2, 0, 0, 1]), 3)
    assert (colours[2] == points.PALETTE[0]).all()
    assert (colours[0] == points.PALETTE[1]).all()
    assert (colours[1] == points.PALETTE[2]).all()
    unknown = points.matching(labels[:0], np.array([1, 0]), 2)
    assert (unknown == points.PALETTE[:2]).all()


def test_regions_show_a_border_where_the_method_draws_it(tmp_path, square):
    """Renamed clusters look the same; a method that sees one cluster paints one colour."""
    inputs, labels = square
    grid = points.grid_around(inputs)
    right = (grid.points[:, 0] > 0).astype(np.int64)

    def drawn(name: str, predictions: np.ndarray, on_grid: np.ndarray) -> tuple[int, int]:
        panels = {"square": {"m": points.Regions(predictions, on_grid, "NMI 1.00")}}
        path = points.decision_regions({"square": square}, {"square": grid}, panels, tmp_path / f"{name}.png")
        first, second = (1 - 0.3 * (1 - points.PALETTE[k]) for k in (0, 1))
        return pixels_like(path, first), pixels_like(path, second)

    both = drawn("right", labels, right)
    assert both == drawn("renamed", 1 - labels, 1 - right)
    assert both[0] == pytest.approx(both[1], rel=0.1)
    one = drawn("one", np.zeros_like(labels), np.zeros_like(right))
    assert max(one) > 1.5 * both[0]
    assert min(one) == 0


def test_all_methods_of_all_sets_have_a_panel(tmp_path, square):
    inputs, labels = square
    grids = {name: points.grid_around(inputs, side=20) for name in ("a", "b")}
    data = dict.fromkeys(grids, inputs)
    methods = [f"method {k}" for k in range(7)]
    samples = points.Samples(inputs, labels, "0.95 near", labels)
    path = points.samples_over_data(
        data, grids, {name: dict.fromkeys(methods, samples) for name in data}, tmp_path / "s.png"
    )
    height, width = imread(path).shape[:2]
    assert width > 4.5 * 110 * points.PANEL_SIDE
    assert height > 4 * 110 * points.PANEL_SIDE * 0.9
    grid = grids["a"]
    energies = np.square(grid.points).sum(axis=1)
    landscape = points.Landscape(energies, np.square(inputs).sum(axis=1), inputs[:10])
    path = points.energy_landscapes({"a": inputs}, grids, {"a": {"m": landscape}}, tmp_path / "e.png")
    assert imread(path).size > 0


def test_perfect_scores_are_yellow(tmp_path):
    pairs = [("L_GEN", "L_INV"), ("L_GEN", "L_PRIOR"), ("L_INV", "L_PRIOR")]
    yellow = np.array([253, 231, 37]) / 255
    counts = []
    for score in (0.5, 1.0):
        maps = {"moons": {pair: np.full((3, 3), score) for pair in pairs}}
        counts.append(pixels_like(weights.sensitivity(maps, (0.0, 10.0, 50.0), tmp_path / "h.png"), yellow))
    assert counts[1] > 50 * counts[0]


def test_curves_with_a_term_that_was_off(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 20))
    terms = {"gen": np.full((3, 20), np.nan), "inv": values, "prior": values}
    path = weights.term_curves({"moons": terms}, np.arange(20), tmp_path / "c.png")
    assert imread(path).size > 0
