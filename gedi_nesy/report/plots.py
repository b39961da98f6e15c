"""Pictures worth looking at, written as PNG files from plain arrays."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.extras import needs

with needs("report"):
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

Pictures = Float[np.ndarray, "picture channel height width"]

TERM_TITLES = {
    "gen": "L_GEN: data against samples",
    "inv": "L_INV: same answer when augmented",
    "prior": "L_PRIOR: use all symbols",
    "nesy": "L_NESY: log P(query)",
    "satisfaction": "P(query) on the training queries",
}


def _tile(pictures: Pictures) -> np.ndarray:
    """(n, c, h, w) to one strip (h, n * w) or (h, n * w, 3)."""
    strip = np.concatenate(list(np.clip(pictures, 0, 1)), axis=2)
    return strip[0] if strip.shape[0] == 1 else strip.transpose(1, 2, 0)


def save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    return path


def symbol_rows(
    images: Pictures,
    labels: Int[np.ndarray, " picture"],
    predictions: Int[np.ndarray, " picture"],
    classes: int,
    path: Path,
    columns: int = 20,
) -> Path:
    """One row of test images per learned symbol, in the order they come; what is no such digit has a red frame."""
    figure = Figure(figsize=(10, 0.56 * classes))
    axes = figure.subplots(classes, 1, squeeze=False)[:, 0]
    side = images.shape[-1]
    for symbol, axis in enumerate(axes):
        members = np.flatnonzero(predictions == symbol)
        shown = members[:columns]
        strip = np.zeros((columns, *images.shape[1:]), dtype=images.dtype)
        strip[: len(shown)] = images[shown]
        axis.imshow(_tile(strip), cmap="gray_r", vmin=0, vmax=1)
        for place in np.flatnonzero(labels[shown] != symbol):
            frame = Rectangle(
                (place * side, 0), side - 1, side - 1, fill=False, edgecolor="red", linewidth=1.5
            )
            axis.add_patch(frame)
        right = (labels[members] == symbol).mean() if len(members) else 0.0
        axis.set_ylabel(str(symbol), rotation=0, ha="right", va="center", fontsize=12)
        axis.set_title(f"{len(members)} images, {right:.0%} right", fontsize=7, loc="right", pad=1)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.suptitle("What each learned symbol stands for (unseen images)", fontsize=11, y=0.94)
    return save(figure, path)


def confusion(matrix: Int[np.ndarray, "true predicted"], path: Path) -> Path:
    """Counts by true class and learned symbol; shades are shares of the true class."""
    classes = len(matrix)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(5.2, 5))
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix > 0):
        color = "white" if shares[row, column] > 0.5 else "black"
        axis.text(column, row, str(matrix[row, column]), ha="center", va="center", color=color, fontsize=8)
    axis.set_xticks(range(classes))
    axis.set_yticks(range(classes))
    axis.set_xlabel("learned symbol")
    axis.set_ylabel("true class")
    axis.set_title("Unseen images")
    return save(figure, path)


def gallery(rows: Mapping[str, Pictures], path: Path, columns: int = 16) -> Path:
    """Strips of pictures, one a row or several a title, for generated images beside real ones."""
    strips = [
        (title if start == 0 else "", pictures[start : start + columns])
        for title, pictures in rows.items()
        for start in range(0, len(pictures), columns)
    ]
    figure = Figure(figsize=(0.55 * columns, 0.72 * len(strips)))
    axes = figure.subplots(len(strips), 1, squeeze=False, gridspec_kw={"hspace": 0.35})[:, 0]
    for (title, pictures), axis in zip(strips, axes, strict=True):
        axis.imshow(_tile(pictures), cmap="gray_r", vmin=0, vmax=1)
        axis.axis("off")
        if title:
            axis.set_title(title, fontsize=9, loc="left", pad=3)
    return save(figure, path)


def cluster_rows(rows: Mapping[str, Pictures], path: Path, columns: int = 20) -> Path:
    """A row of images for each cluster, by its name; an empty cluster has an empty row."""
    figure = Figure(figsize=(10, 0.56 * len(rows)))
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for (name, pictures), axis in zip(rows.items(), axes, strict=True):
        strip = np.zeros((columns, *pictures.shape[1:]))
        strip[: len(pictures)] = pictures[:columns]
        axis.imshow(_tile(strip), cmap="gray_r", vmin=0, vmax=1)
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=12)
        axis.set_xticks([])
        axis.set_yticks([])
    return save(figure, path)


def curves(
    terms: Mapping[str, Sequence[float]], phases: Mapping[int, str], path: Path, window: int = 25
) -> Path:
    """A panel a term over the steps (NaN where it was off), smoothed over `window`; where phases begin is marked."""
    panels = {TERM_TITLES.get(name, name): values for name, values in terms.items()}
    columns = 3
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4 * columns, 2.7 * rows))
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis in axes[len(panels) :]:
        axis.axis("off")
    for axis, (title, values) in zip(axes, panels.items(), strict=False):
        series = np.asarray(values, dtype=float)
        steps = np.flatnonzero(np.isfinite(series))
        axis.plot(steps, _smooth(series[steps], window), linewidth=1)
        for step, name in phases.items():
            axis.axvline(step, color="0.7", linewidth=0.7, linestyle=":")
            axis.text(
                step, 1.0, f" {name}", fontsize=6, color="0.4", va="top", transform=axis.get_xaxis_transform()
            )
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.set_xlim(0, len(series))
        axis.set_xlabel("step", fontsize=7)
    figure.tight_layout()
    return save(figure, path)


def _smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Moving average that shortens at the ends."""
    if len(values) == 0:
        return values
    kernel = np.ones(min(window, len(values)))
    return np.convolve(values, kernel, "same") / np.convolve(np.ones_like(values), kernel, "same")


def number_of_clusters(
    numbers: Sequence[int], agreement: Sequence[float], error: Sequence[float], chosen: int, path: Path
) -> Path:
    """How far independent trainings agree, by the number of clusters; the chosen one is marked."""
    figure = Figure(figsize=(5.2, 3.2))
    axis = figure.subplots()
    axis.errorbar(numbers, agreement, yerr=error, marker="o", capsize=3, linewidth=1)
    axis.axvline(chosen, color="0.6", linewidth=0.8, linestyle=":")
    axis.annotate(f" {chosen} chosen", (chosen, 0.02), fontsize=8, color="0.3")
    axis.set_xlabel("clusters")
    axis.set_ylabel("agreement of two halves (ARI)")
    axis.set_ylim(min(0.0, *agreement), 1.05)
    axis.set_xticks(list(numbers))
    axis.tick_params(labelsize=8)
    return save(figure, path)
