"""Precision and recall of samples: how many look like data, and how much of the data they cover."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gedi_nesy.errors import ConfigError

Features = Float[np.ndarray, "item feature"]
BLOCK = 1024
"""Rows of the block of distances that is held at once."""


class PrecisionRecall(NamedTuple):
    """Both in [0, 1]."""

    precision: float
    recall: float


def precision_recall(
    data: Features, samples: Float[np.ndarray, "sample feature"], neighbours: int = 5
) -> PrecisionRecall:
    """The share of samples that lie among the data, and of data that lie among the samples (Kynkäänniemi et al. 2019).

    A point lies among others if it is no farther from one of them than that one's `neighbours`-th nearest of its own.
    """
    for name, items in (("data", data), ("samples", samples)):
        if len(items) <= neighbours:
            raise ConfigError(
                f"{name}: {len(items)} items have no neighbours={neighbours} others; more are needed"
            )
    return PrecisionRecall(_among(samples, data, neighbours), _among(data, samples, neighbours))


def _among(points: Features, others: Float[np.ndarray, "other feature"], neighbours: int) -> float:
    radii = np.concatenate(
        [
            # nearest of all is the point itself
            np.partition(_squared(others[start : start + BLOCK], others), neighbours, axis=1)[:, neighbours]
            for start in range(0, len(others), BLOCK)
        ]
    )
    inside = [
        (_squared(points[start : start + BLOCK], others) <= radii).any(axis=1)
        for start in range(0, len(points), BLOCK)
    ]
    return float(np.concatenate(inside).mean())


def _squared(points: Features, others: Float[np.ndarray, "other feature"]) -> Float[np.ndarray, "item other"]:
    """Squared Euclidean distances, in double precision."""
    points, others = points.astype(np.float64), others.astype(np.float64)
    squares = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * points @ others.T
    return squares.clip(0)
