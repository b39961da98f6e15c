"""How far points are from the manifolds of a toy set, and the density it draws from; oracles, not learned."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.points import FACTOR, STRETCH, Plane, PointsName, num_classes, on_manifold, stretch


def _to_manifolds(name: PointsName, inputs: Plane, classes: int, fineness: int) -> Float[Tensor, "point k"]:
    """Distance of each point to each manifold."""
    columns: list[Tensor] = []
    if name == "circles":
        radius = inputs.norm(dim=1)
        return torch.stack([(radius - 1).abs(), (radius - FACTOR).abs()], dim=1)
    if name == "moons":
        for centre, side in ((inputs.new_tensor([0.0, 0.0]), 1.0), (inputs.new_tensor([1.0, 0.5]), -1.0)):
            x, y = (inputs - centre).T
            to_arc = (torch.hypot(x, y) - 1).abs()
            to_ends = torch.hypot(x.abs() - 1, y)
            columns.append(torch.where(side * y >= 0, to_arc, to_ends))
        return torch.stack(columns, dim=1)
    if name == "spirals":
        for k in range(classes):
            curve = _locations(name, k, classes, fineness, inputs.dtype, ends=True)
            columns.append(_to_polyline(inputs, curve))
        return torch.stack(columns, dim=1)
    for k in range(classes):
        offsets = inputs - _locations(name, k, classes, 1, inputs.dtype)
        if name == "anisotropic":
            offsets = offsets @ torch.linalg.inv(stretch(inputs.dtype))
        columns.append(offsets.norm(dim=1))
    return torch.stack(columns, dim=1)


def _locations(
    name: PointsName, k: int, classes: int, num: int, dtype: torch.dtype, ends: bool = False
) -> Plane:
    """`num` locations on manifold k, even in u: the middles of `num` intervals, or with both ends."""
    u = torch.linspace(0, 1, num, dtype=dtype) if ends else (torch.arange(num, dtype=dtype) + 0.5) / num
    return on_manifold(name, torch.full((num,), k), u, classes)


def _to_polyline(inputs: Plane, curve: Float[Tensor, "corner 2"]) -> Float[Tensor, " point"]:
    """Distance to the nearest of the segments between neighbouring corners."""
    start, along = curve[:-1], curve[1:] - curve[:-1]
    offsets = inputs[:, None] - start
    share = ((offsets * along).sum(dim=2) / along.square().sum(dim=1)).clamp(0, 1)
    return (offsets - share[:, :, None] * along).norm(dim=2).amin(dim=1)


class OnManifolds(NamedTuple):
    """How far each point is from the nearest manifold, and which that is."""

    distances: Float[Tensor, " point"]
    nearest: Int[Tensor, " point"]


def manifold_distance(
    name: PointsName, inputs: Plane, num_clusters: int | None = None, fineness: int = 1000
) -> OnManifolds:
    """Distance to the nearest arc, circle, spiral arm (a polyline of `fineness` corners) or centre.

    Anisotropic blobs: lengths along the long axis count 1 / `STRETCH`, so that three standard deviations are 3 `noise`
    in every direction.
    """
    found = _to_manifolds(name, inputs, num_classes(name, num_clusters), fineness).min(dim=1)
    return OnManifolds(found.values, found.indices)


class Fidelity(NamedTuple):
    """How well samples keep to the manifolds."""

    on_manifold: float
    """the fraction within three noise standard deviations of a manifold"""
    shares: tuple[float, ...]
    """of the samples on a manifold, the fraction on each; NaN if there are none"""


def fidelity(name: PointsName, samples: Plane, noise: float, num_clusters: int | None = None) -> Fidelity:
    """The fraction of samples within 3 `noise` of a manifold, and the share of each in these (0 if none are)."""
    distances, nearest = manifold_distance(name, samples, num_clusters)
    near = distances <= 3 * noise
    counts = nearest[near].bincount(minlength=num_classes(name, num_clusters)).double()
    return Fidelity(near.double().mean().item(), tuple((counts / counts.sum().clamp(min=1)).tolist()))


def class_log_density(
    name: PointsName, inputs: Plane, noise: float, num_clusters: int | None = None, fineness: int = 1000
) -> Float[Tensor, "point k"]:
    """log p(x, y) of the distribution that `make` draws from: the logits of the best network there can be.

    log p(x, k) = log mean_u N(x; m_k(u), noise^2) - log K, the mean over `fineness` locations u; exact for blobs.
    """
    classes = num_classes(name, num_clusters)
    if not 0 < noise < math.inf:
        raise DataError(f"noise={noise} must be finite and positive for a density")
    blobs = name in ("blobs", "anisotropic")
    volume = math.log(2 * math.pi * noise**2) + (math.log(STRETCH) if name == "anisotropic" else 0.0)
    columns = []
    for k in range(classes):
        if blobs:
            squares = _to_manifolds(name, inputs, classes, fineness)[:, k : k + 1].square()
        else:
            locations = _locations(name, k, classes, fineness, inputs.dtype)
            squares = torch.cdist(inputs, locations, compute_mode="donot_use_mm_for_euclid_dist").square()
        log_mean = torch.logsumexp(-squares / (2 * noise**2), dim=1) - math.log(squares.shape[1])
        columns.append(log_mean - volume - math.log(classes))
    return torch.stack(columns, dim=1)
