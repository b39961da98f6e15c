"""Pictures of how the weights of the terms matter, and of how the terms went."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.extras import needs
from gedi_nesy.report.plots import TERM_TITLES, save

with needs("report"):
    from matplotlib.figure import Figure


def sensitivity(
    maps: Mapping[str, Mapping[tuple[str, str], Float[np.ndarray, "second first"]]],
    values: Sequence[float],
    path: Path,
    label: str = "NMI, mean over seeds",
) -> Path:
    """A score for each pair of weights (the paper's Figure 2): a row a data set, a column a pair (across, up)."""
    columns = max(map(len, maps.values()))
    figure = Figure(figsize=(3.1 * columns + 0.8, 2.9 * len(maps)), layout="constrained")
    axes = figure.subplots(len(maps), columns, squeeze=False)
    drawn: Any = None
    for row, (dataset, pairs) in zip(axes, maps.items(), strict=True):
        for axis, ((first, second), scores) in zip(row, pairs.items(), strict=True):
            drawn = axis.imshow(scores, origin="lower", cmap="viridis", vmin=0, vmax=1)
            for up, across in np.argwhere(np.isfinite(scores)):
                score = scores[up, across]
                colour = "black" if score > 0.6 else "white"
                axis.text(across, up, f"{score:.2f}", ha="center", va="center", fontsize=6.5, color=colour)
            ticks = [f"{value:g}" for value in values]
            axis.set_xticks(range(len(ticks)), ticks, fontsize=7)
            axis.set_yticks(range(len(ticks)), ticks, fontsize=7)
            axis.set_xlabel(f"weight of {first}", fontsize=8)
            axis.set_ylabel(f"weight of {second}", fontsize=8)
            axis.set_title(dataset, fontsize=9)
    bar = figure.colorbar(drawn, ax=figure.axes, shrink=0.8, pad=0.01)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return save(figure, path)


def term_curves(
    panels: Mapping[str, Mapping[str, Float[np.ndarray, "seed record"]]],
    steps: Int[np.ndarray, " record"],
    path: Path,
) -> Path:
    """The terms over the steps: a row a data set, a column a term; a thin line a seed, their median on top.

    Lines are drawn as recorded, not smoothed; a term that was off (NaN) has an empty panel.
    """
    columns = max(map(len, panels.values()))
    figure = Figure(figsize=(3.6 * columns, 2.3 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), columns, squeeze=False, sharex=True)
    for row, (dataset, terms) in zip(axes, panels.items(), strict=True):
        for axis, (name, values) in zip(row, terms.items(), strict=True):
            axis.plot(steps, values.T, color="0.7", linewidth=0.7)
            axis.plot(steps, np.median(values, axis=0), color="C0", linewidth=1.5)
            axis.set_title(f"{dataset}   {TERM_TITLES.get(name, name)}", fontsize=8, loc="left")
            axis.tick_params(labelsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("step", fontsize=7)
    return save(figure, path)
