"""The flags of the failure modes benchmark."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from benchmarks.runner.config import RunConfig
from gedi_nesy.data.points import PointsName


@dataclass(frozen=True, kw_only=True)
class FailureModesConfig(RunConfig):
    """Which loss penalises which failure: the paper's Table 1, measured."""

    dataset: tuple[PointsName, ...] = ("moons", "circles")
    """points whose density is known"""
    num: Annotated[int, arg(name="points", aliases=["--num"])] = 1000
    """points a seed"""
    noise: float = 0.05
    """standard deviation of the data around their manifolds"""
    augment: float = 0.03
    """standard deviation of the augmentation, x' = x + noise"""
    tolerance: float = 1e-4
    """nats a point by which a failure may be worse than the good solution and count as admitted"""
