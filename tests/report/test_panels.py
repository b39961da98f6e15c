"""Panels are drawn, as many as there are methods, with names for their lines."""

import numpy as np
from PIL import Image

from gedi_nesy.report.panels import Curve, Labelled, clouds, densities, detection_curves


def width_of(path):
    with Image.open(path) as picture:
        return picture.size[0]


def test_panels_stand_side_by_side(tmp_path):
    random = np.random.default_rng(0)
    cloud = Labelled(random.normal(size=(30, 2)), random.integers(0, 12, 30))
    one = width_of(clouds({"a": cloud}, tmp_path / "one.png"))
    assert width_of(clouds(dict.fromkeys("abc", cloud), tmp_path / "three.png")) > 2 * one


def test_curves_and_densities_are_named_once(tmp_path):
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 1, 5)
    curve = Curve(ramp, np.sqrt(ramp))
    found = detection_curves({"a": {"letters": curve, "noise": curve}}, tmp_path / "roc.png")
    assert found.stat().st_size > 0
    values = {"unseen images": random.normal(size=50), "noise": np.zeros(20)}
    assert densities({"a": values, "b": values}, "E(x)", tmp_path / "e.png").stat().st_size > 0
