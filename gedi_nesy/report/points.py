"""Pictures of points in the plane: who draws which border, what is generated, what the energy looks like.

A panel is a method on a data set, a block of rows a data set; colours are shared by all panels of a picture.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.extras import needs
from gedi_nesy.report.plots import save

with needs("report"):
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from scipy.optimize import linear_sum_assignment

PlanePoints = Float[np.ndarray, "point 2"]
Clusters = Int[np.ndarray, " point"]
Labels = Int[np.ndarray, " labelled"]

PALETTE: np.ndarray = matplotlib.colormaps["tab10"](np.arange(10))[:, :3]
PANEL_SIDE = 2.0
"""Inches."""
HIGHEST_ENERGY = 12.0
"""Nats above the energy of typical data at which landscapes end: e^-12 of the density there."""


class Grid(NamedTuple):
    """Places where a model is asked, to colour the plane around some points."""

    x: Float[np.ndarray, " column"]
    y: Float[np.ndarray, " row"]

    @property
    def points(self) -> PlanePoints:
        """(row * column, 2), floats of single precision as networks take them; answers are drawn in this order."""
        x, y = np.meshgrid(self.x, self.y)
        return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y), len(self.x)


def grid_around(inputs: PlanePoints, side: int = 160, margin: float = 0.15) -> Grid:
    """A grid of `side` places across the longer side of the points' box, which is widened by `margin` of it."""
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    length = float((high - low).max())
    low, high = low - margin * length, high + margin * length
    columns, rows = (max(2, round(side * float(extent) / float((high - low).max()))) for extent in high - low)
    return Grid(np.linspace(low[0], high[0], columns), np.linspace(low[1], high[1], rows))


class Regions(NamedTuple):
    """What a method answers: at some points, on a grid around them, and what stands in its panel's title."""

    predictions: Clusters
    on_grid: Clusters
    note: str = ""


class Landscape(NamedTuple):
    """Energies on a grid, the energies of the data (they set the zero), samples, and a note for the title."""

    on_grid: Float[np.ndarray, " place"]
    of_data: Float[np.ndarray, " point"]
    samples: PlanePoints
    note: str = ""


class Samples(NamedTuple):
    """Generated points, the cluster of each, a note for the title, and the manifold each is nearest to, if known."""

    inputs: PlanePoints
    predictions: Clusters
    note: str = ""
    nearest: Labels = np.empty(0, dtype=np.int64)


def matching(labels: Labels, predictions: Clusters, clusters: int) -> Float[np.ndarray, "cluster 3"]:
    """A colour for each of `clusters` clusters: that of the class it shares most points with, one to one.

    Clusters beyond the classes get further colours; without labels (none given) cluster k has colour k.
    """
    counts = np.zeros((clusters, max(clusters, int(labels.max()) + 1 if len(labels) else 0)))
    if len(labels):
        np.add.at(counts, (predictions, labels), 1)
    return PALETTE[linear_sum_assignment(-counts)[1] % len(PALETTE)]


def decision_regions(
    data: Mapping[str, tuple[PlanePoints, Labels]],
    grids: Mapping[str, Grid],
    panels: Mapping[str, Mapping[str, Regions]],
    path: Path,
    columns: int = 5,
) -> Path:
    """Who is in which cluster (the paper's Figure 3): points of `data` (inputs, true labels or none) over regions.

    A cluster has the colour of the true class it matches best, so that the same manifold looks alike in all panels.
    """
    figure, places = _panels(panels, grids, columns)
    for axis, dataset, method in places:
        inputs, labels = data[dataset]
        found, grid = panels[dataset][method], grids[dataset]
        clusters = int(max(found.predictions.max(), found.on_grid.max())) + 1
        colours = matching(labels, found.predictions, clusters)
        shades = 1 - 0.3 * (1 - colours[found.on_grid])
        _image(axis, shades.reshape(*grid.shape, 3), grid)
        axis.scatter(*inputs.T, c=colours[found.predictions], s=2, linewidths=0)
        _title(axis, method, found.note)
    return save(figure, path)


def samples_over_data(
    data: Mapping[str, PlanePoints],
    grids: Mapping[str, Grid],
    panels: Mapping[str, Mapping[str, Samples]],
    path: Path,
    columns: int = 5,
) -> Path:
    """What is generated (the paper's Figure 4): samples in the colour of their cluster, over the data in grey."""
    figure, places = _panels(panels, grids, columns)
    for axis, dataset, method in places:
        found = panels[dataset][method]
        axis.scatter(*data[dataset].T, c="0.82", s=4, linewidths=0)
        colours = matching(found.nearest, found.predictions, int(found.predictions.max()) + 1)
        axis.scatter(*found.inputs.T, c=colours[found.predictions], s=3, linewidths=0)
        _title(axis, method, found.note)
    return save(figure, path)


def energy_landscapes(
    data: Mapping[str, PlanePoints],
    grids: Mapping[str, Grid],
    panels: Mapping[str, Mapping[str, Landscape]],
    path: Path,
    columns: int = 5,
) -> Path:
    """E(x) above the median energy of the data, in nats, in one scale for all; data as dots, samples as red ones.

    The zero of an energy means nothing, so each panel has its own; differences mean log ratios of density.
    """
    figure, places = _panels(panels, grids, columns)
    levels = np.linspace(-4, HIGHEST_ENERGY, 17)
    drawn: Any = None
    for axis, dataset, method in places:
        found, grid = panels[dataset][method], grids[dataset]
        heights = (found.on_grid - np.median(found.of_data)).reshape(grid.shape)
        drawn = axis.contourf(grid.x, grid.y, heights, levels=levels, cmap="viridis_r", extend="both")
        axis.scatter(*data[dataset].T, c="white", s=1.5, linewidths=0, alpha=0.7)
        axis.scatter(*found.samples.T, c="#d62728", s=1.5, linewidths=0)
        _title(axis, method, found.note)
    bar = figure.colorbar(drawn, ax=figure.axes, shrink=0.8, pad=0.01)
    bar.set_label("E(x) - median E(data), nats", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return save(figure, path)


def _panels(
    panels: Mapping[str, Mapping[str, Any]], grids: Mapping[str, Grid], columns: int
) -> tuple[Figure, Iterator[tuple[Axes, str, str]]]:
    """A figure with an axis for each method of each data set, `columns` a row, all over the grid of the data set."""
    columns = min(columns, max(map(len, panels.values())))
    blocks = {dataset: math.ceil(len(methods) / columns) for dataset, methods in panels.items()}
    height_of = {dataset: np.ptp(grids[dataset].y) / np.ptp(grids[dataset].x) for dataset in panels}
    heights = [float(height_of[dataset]) for dataset, rows in blocks.items() for _ in range(rows)]
    size = (PANEL_SIDE * columns + 0.3, sum(PANEL_SIDE * height + 0.45 for height in heights))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(heights), columns, squeeze=False, gridspec_kw={"height_ratios": heights})

    def places() -> Iterator[tuple[Axes, str, str]]:
        first = 0
        for dataset, methods in panels.items():
            block = axes[first : first + blocks[dataset]].flatten()
            first += blocks[dataset]
            for axis in block[len(methods) :]:
                axis.axis("off")
            for number, (axis, method) in enumerate(zip(block, methods, strict=False)):
                grid = grids[dataset]
                axis.set(xlim=(grid.x[0], grid.x[-1]), ylim=(grid.y[0], grid.y[-1]), aspect="equal")
                axis.set(xticks=[], yticks=[])
                if number % columns == 0:
                    axis.set_ylabel(dataset, fontsize=10)
                yield axis, dataset, method

    return figure, places()


def _image(axis: Axes, shades: Float[np.ndarray, "row column 3"], grid: Grid) -> None:
    right, up = (grid.x[1] - grid.x[0]) / 2, (grid.y[1] - grid.y[0]) / 2
    extent = (grid.x[0] - right, grid.x[-1] + right, grid.y[0] - up, grid.y[-1] + up)
    axis.imshow(shades, origin="lower", extent=extent, aspect="equal", interpolation="nearest")
    axis.set(xlim=(grid.x[0], grid.x[-1]), ylim=(grid.y[0], grid.y[-1]))


def _title(axis: Axes, method: str, note: str) -> None:
    axis.set_title(f"{method}\n{note}" if note else method, fontsize=8, pad=3)
