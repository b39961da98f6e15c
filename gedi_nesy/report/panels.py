"""Panels side by side, one a method: points of classes, curves of detection, densities of a score."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.extras import needs
from gedi_nesy.report.plots import save

with needs("report"):
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS, WIDTH, HEIGHT = 4, 2.9, 2.5
"""Panels in a row, and inches of one."""
BINS = 60
OUTERMOST = 0.5
"""Percent of the values that histograms leave out at each end."""

Content = TypeVar("Content")


class Labelled(NamedTuple):
    """Points of the plane, and the classes that give them their colours."""

    points: Float[np.ndarray, "point 2"]
    labels: Int[np.ndarray, " point"]


class Curve(NamedTuple):
    """A curve of detection: y of x."""

    x: Float[np.ndarray, " place"]
    y: Float[np.ndarray, " place"]


def clouds(panels: Mapping[str, Labelled], path: Path) -> Path:
    """Points in the colours of their classes."""

    def draw(axis: Axes, content: Labelled) -> None:
        colours = matplotlib.colormaps["tab10" if content.labels.max() < 10 else "tab20"]
        points, labels = content
        axis.scatter(points[:, 0], points[:, 1], c=colours(labels % colours.N), s=3, linewidths=0)
        axis.set_xticks([])
        axis.set_yticks([])

    return _panels(panels, draw, path)


def detection_curves(panels: Mapping[str, Mapping[str, Curve]], path: Path) -> Path:
    """ROC curves, a line a set; the diagonal is chance."""

    def draw(axis: Axes, content: Mapping[str, Curve]) -> None:
        for curve in content.values():
            axis.plot(curve.x, curve.y, linewidth=1)
        axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.7, linestyle=":")
        axis.set_xlabel("others taken for our own", fontsize=7)
        axis.set_ylabel("our own recognised", fontsize=7)

    return _panels(panels, draw, path, _names(panels))


def densities(
    panels: Mapping[str, Mapping[str, Float[np.ndarray, " value"]]], axis_name: str, path: Path
) -> Path:
    """Histograms as lines over common bins, a line a set; the first is filled."""

    def draw(axis: Axes, content: Mapping[str, np.ndarray]) -> None:
        values = np.concatenate(list(content.values()))
        low, high = np.percentile(values, [OUTERMOST, 100 - OUTERMOST])
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
        for number, found in enumerate(content.values()):
            shares = np.histogram(found, edges)[0] / max(len(found), 1)
            axis.stairs(shares, edges, fill=number == 0, alpha=0.45 if number == 0 else 1.0, linewidth=1)
        axis.set_yticks([])
        axis.set_xlabel(axis_name, fontsize=7)

    return _panels(panels, draw, path, _names(panels))


def _names(panels: Mapping[str, Mapping[str, object]]) -> Sequence[str]:
    """What lines are called: alike in all panels."""
    return list(next(iter(panels.values())))


def _panels(
    panels: Mapping[str, Content],
    draw: Callable[[Axes, Content], None],
    path: Path,
    names: Sequence[str] = (),
) -> Path:
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows + 0.4 * bool(names)))
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis in axes[len(panels) :]:
        axis.axis("off")
    for axis, (title, content) in zip(axes, panels.items(), strict=False):
        draw(axis, content)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=6)
    figure.tight_layout()
    if names:
        handles = [each for each in (*axes[0].lines, *axes[0].patches) if each.get_linestyle() != ":"]
        figure.legend(
            handles[: len(names)],
            names,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=min(6, len(names)),
            fontsize=8,
            frameon=False,
        )
    return save(figure, path)
