"""Toy data in the plane: noise around curves or centres of which everything is known.

Every set is a class k drawn evenly, a location u in [0, 1] on its manifold, and Gaussian noise around it. So distances
to the manifolds and the density of the data are known (`manifolds`). A user's own points are read by `point_files`.
"""

import math
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from gedi_nesy.data.dataset import DataError

PointsName = Literal["moons", "circles", "blobs", "spirals", "anisotropic"]
PointInputs = Float[Tensor, "point dim"]
Plane = Float[Tensor, "point 2"]

NUM_CLASSES: dict[PointsName, int] = {"moons": 2, "circles": 2, "blobs": 3, "spirals": 2, "anisotropic": 3}
"""How many classes each set has unless told; moons and circles have no other number."""

FACTOR = 0.5
"""Radius of the inner circle."""
SPIRAL_START, SPIRAL_END, SPIRAL_TURNS = 0.4, 2.0, 1.5
"""Radii of an arm, and its turns; two arms are about a half apart, as circles are, so that one noise suits all."""
STRETCH = 16.0
"""How much longer than wide an anisotropic blob is."""
SPACING = 0.5
"""Distance between the axes of neighbouring anisotropic blobs."""


class Points(NamedTuple):
    """Points and their classes; `labels` is empty where classes are not known."""

    inputs: PointInputs
    labels: Int[Tensor, " labelled"]


def num_classes(name: PointsName, num_clusters: int | None = None) -> int:
    """How many classes the set has; ValueError if it cannot have `num_clusters`."""
    if name not in NUM_CLASSES:
        raise DataError(f"dataset={name!r} is not one of {', '.join(get_args(PointsName))}")
    if num_clusters is None:
        return NUM_CLASSES[name]
    if name in ("moons", "circles") and num_clusters != 2:
        raise DataError(f"num_clusters={num_clusters}: {name} are two")
    if num_clusters < 2:
        raise DataError(f"num_clusters={num_clusters} must be at least 2")
    return num_clusters


def make(
    name: PointsName, num: int, noise: float, generator: Generator, num_clusters: int | None = None
) -> Points:
    """`num` points in random order, classes even to one point; `noise` is a standard deviation in the data's units."""
    classes = num_classes(name, num_clusters)
    if num < classes:
        raise DataError(f"num={num} must be at least {classes}, the number of classes")
    if not 0 <= noise < math.inf:
        raise DataError(f"noise={noise} must be finite and not negative")
    labels = torch.arange(num) % classes
    labels = labels[torch.randperm(num, generator=generator)]
    locations = torch.rand(num, generator=generator)
    deviations = noise * torch.randn(num, 2, generator=generator)
    if name == "anisotropic":
        deviations = deviations @ stretch()
    return Points(on_manifold(name, labels, locations, classes) + deviations, labels)


def on_manifold(
    name: PointsName, labels: Int[Tensor, " point"], locations: Float[Tensor, " point"], classes: int
) -> Plane:
    """The point without noise at location u in [0, 1] of manifold k; blobs have one location only, their centre.

    Moons and circles are scikit-learn's: moons (cos pi u, sin pi u) and (1 - cos pi u, 1/2 - sin pi u), circles of
    radius 1 and 1/2. Blobs sit on the unit circle, spirals are Archimedean with radius^2 even in u, anisotropic blobs
    lie side by side.
    """
    inner = labels == 1
    if name == "moons":
        angle = math.pi * locations
        x, y = angle.cos(), angle.sin()
        return torch.stack([torch.where(inner, 1 - x, x), torch.where(inner, 0.5 - y, y)], dim=1)
    if name == "circles":
        return torch.where(inner, FACTOR, 1.0)[:, None] * _direction(2 * math.pi * locations)
    turned = 2 * math.pi * labels / classes
    if name == "blobs":
        return _direction(turned.to(locations.dtype))
    if name == "spirals":
        radius = (SPIRAL_START**2 + locations * (SPIRAL_END**2 - SPIRAL_START**2)).sqrt()
        angle = 2 * math.pi * SPIRAL_TURNS * (radius - SPIRAL_START) / (SPIRAL_END - SPIRAL_START)
        return radius[:, None] * _direction(angle + turned)
    offsets = SPACING * (labels - (classes - 1) / 2)
    return offsets[:, None] * torch.tensor([-1.0, 1.0], dtype=locations.dtype) / math.sqrt(2)


def _direction(angle: Float[Tensor, " point"]) -> Plane:
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def stretch(dtype: torch.dtype = torch.float32) -> Float[Tensor, "2 2"]:
    """Symmetric: `STRETCH` along (1, 1), 1 across."""
    along = torch.full((2, 2), 0.5, dtype=dtype)
    return torch.eye(2, dtype=dtype) + (STRETCH - 1) * along


class Scaling(NamedTuple):
    """Shift and scale of each dimension, so that points of any unit can be learned from."""

    mean: Float[Tensor, " dim"]
    std: Float[Tensor, " dim"]

    @classmethod
    def fit(cls, inputs: PointInputs) -> "Scaling":
        """Mean and standard deviation of each column; ValueError for a column that does not vary."""
        exact = inputs.double()
        mean, std = exact.mean(dim=0), exact.std(dim=0, correction=0)
        constant = torch.nonzero(exact.amax(dim=0) == exact.amin(dim=0))[:, 0]
        if len(constant):
            column = int(constant[0])
            raise DataError(f"column {column + 1} is {exact[0, column]:g} in every row: leave it out")
        return cls(mean, std)

    def apply(self, inputs: PointInputs) -> PointInputs:
        """(x - mean) / std, in double precision, given as floats."""
        return ((inputs.double() - self.mean) / self.std).float()

    def invert(self, inputs: PointInputs) -> PointInputs:
        """x std + mean: what `apply` undid."""
        return inputs.double() * self.std + self.mean
