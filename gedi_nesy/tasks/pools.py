"""What networks are shown of a pool: images, or points and features, standardised."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gedi_nesy.augmentation.points import jitter
from gedi_nesy.data.checks import check_images
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import Augment
from gedi_nesy.features.moments import moments
from gedi_nesy.features.neighbours import nearest_among, num_neighbours
from gedi_nesy.models.encoders import MLP, ConvNet, FrozenFeatures
from gedi_nesy.sampling.sgld import OF_POINTS, SGLDConfig
from gedi_nesy.tasks.task import FeaturePool

POINT_NOISE = 0.1
"""Standard deviation of the noise that augments points, in those of the columns."""

POINT_SGLD = replace(OF_POINTS, max_move=0.08)
"""What moves the chains of networks that read points, in standardised columns: as in the benchmark of points."""

PART = 4096
"""Rows of features that are standardised at once."""


class Columns(NamedTuple):
    """Mean and standard deviation of each column of points or features, by which networks see them standardised."""

    mean: Float[Tensor, " column"]
    std: Float[Tensor, " column"]


class Pool(NamedTuple):
    """A pool as networks are shown it."""

    inputs: Tensor
    make_backbone: Callable[[], nn.Module]
    augment: Augment | None = None
    sgld: SGLDConfig | None = None
    columns: Columns | None = None
    """of points and of features, which a trained network is given as they come"""
    features: FeaturePool | None = None
    """what it was given as, where positive pairs are neighbours"""

    def neighbours(self, shown: Int[Tensor, " shown"], num_clusters: int) -> Int[Tensor, "row near"] | None:
        """Of features, rows that are near to each of those that a network is `shown`, and among these."""
        if self.features is None:
            return None
        if self.features.neighbours is not None:
            return self.features.neighbours
        count = num_neighbours(len(shown), num_clusters)
        return nearest_among(self.features.values, shown, count)


def pool_of(name: str, given: Tensor | FeaturePool, bounds: tuple[float, float] | None) -> Pool:
    """DataError if it is no pool; `bounds` are those that pixels must lie in."""
    if isinstance(given, FeaturePool):
        return _of_features(name, given)
    pool = torch.as_tensor(given)
    if pool.ndim == 2:
        _check_rows(name, "points", pool)
        return _of_points(name, pool.float())
    check_images(pool, f"pool '{name}'", bounds)
    channels, *size = pool.shape[1:]
    return Pool(pool, partial(ConvNet, channels=channels, image_size=size))


def _check_rows(name: str, what: str, rows: Tensor) -> None:
    if rows.ndim != 2 or not rows.is_floating_point() or not rows.isfinite().all():
        shape = f" of shape {tuple(rows.shape)}" if rows.ndim != 2 else ""
        raise DataError(f"pool '{name}': {what} must be finite floats, found {rows.dtype}{shape}")


def _of_points(name: str, points: Float[Tensor, "point column"]) -> Pool:
    low, high = points.aminmax(dim=0)
    if (low == high).any():
        column = int((low == high).nonzero()[0])
        raise DataError(f"pool '{name}': column {column} is {low[column]:g} everywhere; leave it out")
    backbone = partial(
        MLP, points.shape[1], hidden=(64, 64), num_features=None, activation="silu", input_gain=4.0
    )
    columns = Columns(points.mean(dim=0), points.std(dim=0))
    inputs = (points - columns.mean) / columns.std
    return Pool(inputs, backbone, partial(jitter, std=POINT_NOISE), POINT_SGLD, columns)


def _of_features(name: str, given: FeaturePool) -> Pool:
    values, near = given.values, given.neighbours
    _check_rows(name, "features", values)
    backbone = given.backbone or FrozenFeatures(values.shape[1], encoder="own")
    if backbone.num_features != values.shape[1]:
        raise DataError(
            f"pool '{name}': features of {values.shape[1]} numbers, and the backbone has {backbone.num_features}"
        )
    if near is not None and (near.ndim != 2 or len(near) != len(values)):
        raise DataError(
            f"pool '{name}': neighbours of shape {tuple(near.shape)} for {len(values)} rows of features"
        )
    columns = Columns(*moments(values))
    inputs = torch.empty(values.shape, dtype=torch.float32, device=values.device)
    for part, target in zip(values.split(PART), inputs.split(PART), strict=True):
        target.copy_((part.float() - columns.mean) / columns.std)
    return Pool(inputs, partial(FrozenFeatures, **backbone.config), columns=columns, features=given)
