"""Pictures of all rows side by side, drawn from arrays that each run has left in its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from benchmarks.images.config import ImagesConfig
from gedi_nesy.data.pixels import to_float
from gedi_nesy.metrics import ood
from gedi_nesy.report import panels, plots
from gedi_nesy.report.page.projection import fit

ARRAYS, SCORE = "arrays.npz", "score "
SHOWN_SAMPLES, IN_A_ROW, OF_A_CLUSTER = 16, 3, 16
"""Samples in a strip; chains, or samples with their neighbours, in one; images of a cluster."""
POINTS = 1000
"""Embeddings that are drawn."""


class Drawn(NamedTuple):
    """A picture of the table's page."""

    file: Path
    title: str
    note: str


def folder_of(name: str, seed: int) -> Path:
    """Of one run, below --out."""
    return Path(name.replace(" + ", "-").replace(" ", "-")) / f"seed-{seed}"


def as_bytes(images: Tensor) -> np.ndarray:
    """Pixels as files have them."""
    return (255 * to_float(images)).round().clamp(0, 255).byte().numpy()


def save_arrays(
    folder: Path,
    embeddings: np.ndarray,
    labels: np.ndarray,
    images: Mapping[str, Tensor],
    scores: Mapping[str, np.ndarray],
) -> None:
    """What pictures need; arrays of numbers, nothing is pickled."""
    some = np.linspace(0, len(embeddings) - 1, min(POINTS, len(embeddings))).round().astype(int)
    plane = fit(embeddings)(embeddings[some]).astype(np.float32)
    arrays = {name: as_bytes(each) for name, each in images.items()}
    arrays |= {SCORE + name: each.astype(np.float32) for name, each in scores.items()}
    np.savez_compressed(folder / ARRAYS, plane=plane, labels=labels[some], **arrays)  # pyright: ignore[reportArgumentType]


def _arrays(out: Path, config: ImagesConfig, rows: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """Of the first seed, by row."""
    found = {}
    for name in rows:
        file = out / folder_of(name, config.seeds[0]) / ARRAYS
        if file.exists():
            with np.load(file, allow_pickle=False) as opened:
                found[name] = dict(opened)
    return found


def clusters(folder: Path, images: Tensor, assigned: np.ndarray, count: int) -> None:
    """A row of unseen images for each cluster of a run, in the order in which they come."""
    rows = {}
    for number in range(count):
        members = np.flatnonzero(assigned == number)[:OF_A_CLUSTER]
        rows[str(number)] = to_float(images[members]).numpy()
    plots.cluster_rows(rows, folder / "clusters.png", OF_A_CLUSTER)


def pictures(out: Path, config: ImagesConfig, rows: Sequence[str], unseen: Tensor) -> list[Drawn]:
    """All that there is to draw of the first seed."""
    arrays = _arrays(out, config, rows)
    drawn = [*_generated(out, arrays, unseen), *_scores(out, arrays)]
    if arrays:
        clouds = {name: panels.Labelled(each["plane"], each["labels"]) for name, each in arrays.items()}
        file = panels.clouds(clouds, out / "embeddings.png")
        note = "Unseen images by the two principal components of their embeddings, in the colours of their labels."
        drawn.append(Drawn(file, "Embeddings", note))
    for name in arrays:
        file = out / folder_of(name, config.seeds[0]) / "clusters.png"
        if file.exists():
            drawn.append(Drawn(file, f"Clusters of {name}", "A row of unseen images for each cluster."))
    return drawn


def _generated(out: Path, arrays: Mapping[str, Mapping[str, np.ndarray]], unseen: Tensor) -> list[Drawn]:
    generative = {name: each for name, each in arrays.items() if "samples" in each}
    if not generative:
        return []
    strips = {"unseen images": to_float(unseen[:SHOWN_SAMPLES]).numpy()}
    strips |= {name: each["samples"][:SHOWN_SAMPLES] / 255 for name, each in generative.items()}
    # (step, chain, ...) becomes chain after chain
    chains = {name: _strip(each["chains"].swapaxes(0, 1)) for name, each in generative.items()}
    near = {
        name: _strip(np.concatenate([each["samples"][: len(each["near"]), None], each["near"]], axis=1))
        for name, each in generative.items()
    }
    return [
        Drawn(plots.gallery(strips, out / "samples.png", SHOWN_SAMPLES), "Samples", "Fresh Langevin chains."),
        Drawn(
            plots.gallery(chains, out / "chains.png", len(next(iter(chains.values())))),
            "Chains as they evolve",
            f"{IN_A_ROW} chains of each method, from where they begin at growing numbers of Langevin steps.",
        ),
        Drawn(
            plots.gallery(near, out / "nearest.png", len(next(iter(near.values())))),
            "Nearest training images",
            f"{IN_A_ROW} samples of each method, each followed by the training images nearest to it.",
        ),
    ]


def _strip(rows: np.ndarray) -> np.ndarray:
    """A few rows of pictures, one after the other."""
    few = rows[:IN_A_ROW]
    return few.reshape(-1, *few.shape[2:]) / 255


def _scores(out: Path, arrays: Mapping[str, Mapping[str, np.ndarray]]) -> list[Drawn]:
    """By energy, each other set against unseen images."""
    by_row = {}
    for name, each in arrays.items():
        found = {key.removeprefix(SCORE): value for key, value in each.items() if key.startswith(SCORE)}
        if len(found) > 1:
            by_row[name] = found
    if not by_row:
        return []
    energies = {
        name: {place or "unseen images": -score for place, score in found.items()}
        for name, found in by_row.items()
    }
    curves = {
        name: {place: panels.Curve(*ood.roc(found[""], score)) for place, score in found.items() if place}
        for name, found in by_row.items()
    }
    return [
        Drawn(
            panels.detection_curves(curves, out / "roc.png"),
            "Other images told apart, by energy",
            "The larger the area, the better unseen images of the set are told from others.",
        ),
        Drawn(
            panels.densities(energies, "E(x)", out / "energies.png"),
            "Energies, in and out",
            "Unseen images filled; where an energy was not learned (no L_GEN), it follows from clusters alone.",
        ),
    ]
