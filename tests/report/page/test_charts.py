"""Curves and clouds: what is drawn lies where the numbers say."""

import re

import numpy as np
import pytest

from gedi_nesy.report.page import charts
from gedi_nesy.report.page.content import Cloud, Curves

PLACE = r"(-?[\d.]+) (-?[\d.]+)"


def places(path: str) -> np.ndarray:
    return np.array([[float(x), float(y)] for x, y in re.findall(PLACE, path)])


def test_a_curve_lies_between_its_ticks_and_a_term_that_was_off_has_none():
    values = np.linspace(-4.0, 2.0, 601)
    (panel,) = charts.panels(Curves(terms={"a line": values.tolist(), "off": [float("nan")] * 601}))
    drawn = places(panel.path)
    low, high = panel.y_ticks[0], panel.y_ticks[-1]
    scale = (low.place - high.place) / (float(high.text) - float(low.text))
    back = float(low.text) + (low.place - drawn[:, 1]) / scale
    across = (drawn[:, 0] - panel.x_ticks[0].place) / (panel.x_ticks[-1].place - panel.x_ticks[0].place)
    # in the middle a mean over a window of a line is the line
    middle = (across > 0.1) & (across < 0.9)
    np.testing.assert_allclose(back[middle], -4 + 6 * across[middle], atol=0.05)
    assert len(drawn) == charts.MAX_DRAWN
    assert panel.x_ticks[-1].text == "600"
    assert "at step 600" in panel.summary


def test_a_term_that_begins_late_is_drawn_late_and_phases_are_marked_in_steps():
    terms = {"late": [float("nan")] * 50 + [1.0] * 51}
    (panel,) = charts.panels(Curves(terms=terms, phases={0: "first", 500: "second"}, every=10))
    middle = (panel.x_ticks[0].place + panel.x_ticks[-1].place) / 2
    assert places(panel.path)[0, 0] == pytest.approx(middle, abs=0.1)
    assert [(phase.text, phase.place) for phase in panel.phases] == [("second", pytest.approx(middle))]
    assert panel.x_ticks[-1].text == "1,000"


@pytest.mark.parametrize("values", [[0.0], [3.0] * 40, [-1e-9, 1e-9], [1e12, -1e12]])
def test_any_numbers_can_be_drawn(values):
    (panel,) = charts.panels(Curves(terms={"x": values}))
    drawn = places(panel.path)
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()
    assert (drawn[:, 1] <= charts.HEIGHT).all()


def test_smoothing_is_the_mean_of_what_lies_in_the_window():
    values = np.random.default_rng(0).normal(size=60)
    found = charts.smoothed(values, 5)
    expected = [values[max(0, i - 2) : i + 3].mean() for i in range(60)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-2.3, -0.1), (5, 5), (0, 0), (-1e-7, 3e-7), (12, 98765)])
def test_ticks_are_round_and_enclose(low, high):
    ticks = charts.nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 6
    steps = np.diff(ticks)
    np.testing.assert_allclose(steps, steps[0])
    mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9)
    assert any(mantissa == pytest.approx(unit) for unit in (1, 2, 5))


def test_every_point_is_drawn_in_its_cluster_and_up_is_up():
    inputs = np.array([[0.0, 0.0], [1.0, 2.0], [1.0, 0.0]])
    cloud = Cloud(inputs=inputs, clusters=np.array([0, 1, 0]), names=("low", "a name that is far too long"))
    found = charts.scatter(cloud)
    low, high = (places(dots.path) for dots in found.dots)
    assert (len(low), len(high)) == (2, 1)
    assert high[0, 1] < low[:, 1].min()
    assert high[0, 0] == pytest.approx(low[1, 0])
    # the same scale in both directions
    assert low[1, 0] - low[0, 0] == pytest.approx((low[0, 1] - high[0, 1]) / 2, abs=0.2)
    assert found.dots[1].name == "a name that is far …"
    assert found.note == ""


def test_samples_that_run_away_are_drawn_at_the_edge():
    cloud = Cloud(
        inputs=np.random.default_rng(0).normal(size=(20, 3)),
        clusters=np.zeros(20, dtype=int),
        names=("0", "1"),
        samples={0: np.zeros((1, 3)), 5: np.full((1, 3), 1e6)},
    )
    found = charts.sampled(cloud)
    assert list(found) == [0, 5]
    for scatter in found.values():
        assert ((places(scatter.samples) >= 0) & (places(scatter.samples) <= charts.SIDE)).all()


def test_of_many_points_some_are_drawn_and_all_counted():
    count = 50_000
    cloud = Cloud(
        inputs=np.random.default_rng(0).normal(size=(count, 2)),
        clusters=np.zeros(count, dtype=int),
        names=("all",),
    )
    (dots,) = charts.scatter(cloud).dots
    assert dots.count == count
    assert 1000 < len(places(dots.path)) <= 10 * charts.MAX_DRAWN
