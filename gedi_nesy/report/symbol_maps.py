"""The picture of an audit: each true symbol against the symbols it may be taken for."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gedi_nesy.extras import needs
from gedi_nesy.report.plots import save

with needs("report"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

Readings = Mapping[str, Mapping[str, Mapping[str, int]]]
"""By network, true symbol and output: how many maps read the symbol as that output."""


def symbol_maps(readings: Readings, outputs: Mapping[str, Sequence[str]], maps: int, path: Path) -> Path:
    """A matrix a network: shades are shares of all `maps`, numbers count them, the right readings are framed."""
    widths = [max(4.0, 0.45 * len(outputs[network]) + 1.5) for network in readings]
    height = max(3.0, 0.45 * max(len(symbols) for symbols in readings.values()) + 1.5)
    figure = Figure(figsize=(sum(widths), height))
    axes = figure.subplots(1, len(readings), squeeze=False, gridspec_kw={"width_ratios": widths})[0]
    for (network, symbols), axis in zip(readings.items(), axes, strict=True):
        _matrix(axis, network, symbols, outputs[network], maps)
    count = "1 map satisfies" if maps == 1 else f"{maps:,} maps satisfy"
    figure.suptitle(f"{count} all queries", fontsize=11)
    figure.tight_layout()
    return save(figure, path)


def _matrix(
    axis: Axes, network: str, symbols: Mapping[str, Mapping[str, int]], outputs: Sequence[str], maps: int
) -> None:
    counts = np.array(
        [[found.get(output, 0) for output in outputs] for found in symbols.values()], dtype=float
    )
    shares = counts / max(maps, 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, (symbol, found) in enumerate(symbols.items()):
        for output, count in found.items():
            column = outputs.index(output)
            color = "white" if shares[row, column] > 0.5 else "black"
            text = f"{count}" if count < 10000 else f"{count:.0e}"
            axis.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
        if symbol in outputs:
            corner = (outputs.index(symbol) - 0.5, row - 0.5)
            axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="tab:green", linewidth=1.5))
    axis.set_xticks(range(len(outputs)), outputs)
    axis.set_yticks(range(len(symbols)), list(symbols))
    axis.set_xlabel("may be taken for")
    axis.set_ylabel("true symbol")
    axis.set_title(network, fontsize=10)
