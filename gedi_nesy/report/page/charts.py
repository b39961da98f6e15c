"""Where the lines and dots of a chart lie: numbers that the template draws as SVG, in the colours of the page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.report.page.content import Cloud, Curves
from gedi_nesy.report.page.projection import Plane, Projection, fit

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 320, 170, 44, 26, 8, 8
"""Of a panel, in SVG's units: the whole, and the margins around what is plotted."""
SIDE = 320
"""Of a cloud of points."""
WINDOW = 25
"""Values over which a curve is smoothed."""
MAX_DRAWN = 300
"""Places of a curve, and a tenth of the points of a cloud: more show no more, and make the file large."""
MAX_NAME = 20
"""Letters of a cluster's name in a cloud."""

TITLES = {
    "gen": "L_GEN: data against samples",
    "inv": "L_INV: same answer when augmented",
    "prior": "L_PRIOR: use all symbols",
    "nesy": "L_NESY: log P(query)",
    "satisfaction": "P(query) on the training queries",
}


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    place: float
    text: str


@dataclass(frozen=True)
class Panel:
    """A curve in its frame."""

    title: str
    summary: str
    """what it shows, in words"""
    path: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    phases: list[Tick]
    first: float
    last: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Dots:
    """The points of one cluster."""

    name: str
    colour: int
    path: str
    label_x: float
    label_y: float
    count: int


@dataclass(frozen=True)
class Scatter:
    """Points of all clusters, and samples over them."""

    dots: list[Dots]
    samples: str
    x_axis: str
    y_axis: str
    note: str


def panels(curves: Curves) -> list[Panel]:
    """A panel a term; one that was never on has none."""
    found = []
    for name, values in curves.terms.items():
        series = np.asarray(values, dtype=float)
        steps = np.flatnonzero(np.isfinite(series))
        if len(steps):
            found.append(_panel(TITLES.get(name, name), steps, series[steps], len(series), curves))
    return found


def _panel(
    title: str,
    places: Int[np.ndarray, " value"],
    values: Float[np.ndarray, " value"],
    length: int,
    curves: Curves,
) -> Panel:
    smooth = smoothed(values, WINDOW)
    low, high = float(smooth.min()), float(smooth.max())
    marks = nice_ticks(low, high)
    low, high = min(low, marks[0]), max(high, marks[-1])
    end = max(length - 1, 1)

    def across(place: float | int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * place / end

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low)

    shown = np.unique(np.linspace(0, len(places) - 1, min(MAX_DRAWN, len(places))).round().astype(int))
    steps = places * curves.every
    total = (length - 1) * curves.every
    return Panel(
        title=title,
        summary=f"from {smooth[0]:.3g} at step {steps[0]:,} to {smooth[-1]:.3g} at step {steps[-1]:,}",
        path=_line([(across(float(places[i])), up(float(smooth[i]))) for i in shown]),
        x_ticks=[Tick(across(end * share), f"{total * share:,.0f}") for share in (0, 0.5, 1)],
        y_ticks=[Tick(up(mark), f"{mark:.3g}") for mark in marks],
        phases=[Tick(across(step / curves.every), name) for step, name in curves.phases.items() if step],
        first=float(smooth[0]),
        last=float(smooth[-1]),
        lowest=float(smooth.min()),
        highest=float(smooth.max()),
    )


def smoothed(values: Float[np.ndarray, " value"], window: int) -> Float[np.ndarray, " value"]:
    """Mean over a window that shortens at the ends."""
    width = min(window, len(values))
    sums = np.convolve(values, np.ones(width), "same")
    return sums / np.convolve(np.ones(len(values)), np.ones(width), "same")


def nice_ticks(low: float | int, high: float | int, count: int = 3) -> list[float]:
    """Round numbers, about `count` steps of them, that reach from below `low` to above `high`."""
    extent = float(high - low) or abs(float(high)) or 1.0
    power = 10.0 ** math.floor(math.log10(extent / count))
    step = next(unit * power for unit in (1, 2, 5, 10) if extent / (unit * power) <= count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def scatter(cloud: Cloud) -> Scatter:
    """The points, a colour a cluster, whose name stands in its middle."""
    project = fit(cloud.inputs, cloud.columns)
    drawn = project(cloud.inputs[_some(len(cloud.inputs))])
    clusters = cloud.clusters[_some(len(cloud.inputs))]
    placed = _Frame.around(drawn)
    dots = []
    for number, name in enumerate(cloud.names):
        own = placed(drawn[clusters == number])
        middle = np.median(own, axis=0) if len(own) else np.full(2, SIDE / 2)
        count = int((cloud.clusters == number).sum())
        short = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"
        dots.append(Dots(short, number % 10, _points(own), float(middle[0]), float(middle[1]), count))
    return Scatter(dots, "", *project.axes, project.note)


def sampled(cloud: Cloud) -> Mapping[int, Scatter]:
    """The samples over all points in grey, a picture a number of Langevin steps."""
    project: Projection = fit(cloud.inputs, cloud.columns)
    drawn = project(cloud.inputs[_some(len(cloud.inputs))])
    placed = _Frame.around(drawn)
    grey = [Dots("data", -1, _points(placed(drawn)), 0.0, 0.0, len(cloud.inputs))]
    return {
        step: Scatter(grey, _points(placed.clipped(project(samples))), *project.axes, project.note)
        for step, samples in cloud.samples.items()
    }


@dataclass(frozen=True)
class _Frame:
    """From the plane to the square that is drawn, with a margin; up is up."""

    low: Float[np.ndarray, " 2"]
    scale: float

    @classmethod
    def around(cls, points: Plane) -> "_Frame":
        low, high = points.min(axis=0), points.max(axis=0)
        length = float((high - low).max()) or 1.0
        return cls((low + high - length) / 2 - 0.05 * length, SIDE / (1.1 * length))

    def __call__(self, points: Plane) -> Plane:
        placed = (points - self.low) * self.scale
        return np.stack([placed[:, 0], SIDE - placed[:, 1]], axis=1)

    def clipped(self, points: Plane) -> Plane:
        """What lies outside is drawn at the edge."""
        return self(points).clip(3, SIDE - 3)


def _some(count: int) -> slice:
    return slice(None, None, 1 + count // (10 * MAX_DRAWN))


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _points(points: Plane) -> str:
    """Lines of no length, which round ends make dots."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
