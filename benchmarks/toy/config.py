"""The flags of the toy benchmark."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from benchmarks.runner.config import RunConfig
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.methods import METHODS, WEIGHTS, Method, Preset, Triple


@dataclass(frozen=True, kw_only=True)
class ToyConfig(RunConfig):
    """Cluster points of the plane without labels, by energies, pairs and a prior: the paper's Table 2."""

    dataset: tuple[str, ...] = ("moons", "circles")
    """moons, circles, blobs, spirals, anisotropic, or files: .npy, or .csv (a column `label` judges only)"""
    methods: tuple[Method, ...] = METHODS
    """the rows of the table"""
    preset: Preset = "default"
    """default: ours, pairs from walks of the model's own energy; paper: its Table 3 to the letter"""
    noise: float = 0.05
    """standard deviation of the named sets' noise, where the outer circle has radius 1, the inner 1/2"""
    num_clusters: int | None = None
    """clusters to learn (default: the set's own number, or the labels of a file)"""
    points: int = 1000
    """training points a seed, of named sets"""
    test_points: int = 1000
    """of a file, 30% are kept for the test instead"""
    iterations: int | None = None
    """training steps (default: the preset's, 4,000 or 20,000)"""
    weight_gen: float | None = None
    """weight of L_GEN, data more likely than samples (default: the preset's, as for the others)"""
    weight_inv: float | None = None
    """weight of L_INV, the same confident answer for both of a pair"""
    weight_prior: float | None = None
    """weight of L_PRIOR, all clusters used alike"""
    attempts: Annotated[int, arg(name="max-restarts", aliases=["--attempts"])] = 3
    """random restarts a seed, the best by its training objective is kept; L_INV at --accept-inv ends them early"""
    accept: Annotated[float, arg(name="accept-inv", aliases=["--accept"])] = -0.12
    """mean L_INV on the training points, at most 0, from which on a seed is not restarted"""
    sensitivity: bool = False
    """instead of the table: NMI of GEDI over pairs of weights, 0 to 50 in steps of 10, as heat maps"""
    time_stacking: Annotated[bool, arg(name="time-vectorized", aliases=["--time-stacking"])] = False
    """instead of the table: time of ten seeds vectorised against one"""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """each draws its own points, network and chains; they train side by side, with the same numbers as alone"""

    def weights(self) -> Triple:
        """The preset's, where none is given. ValueError for one that is negative or not finite."""
        given = Triple(self.weight_gen, self.weight_inv, self.weight_prior)  # pyright: ignore[reportArgumentType]
        chosen = [
            theirs if ours is None else ours for ours, theirs in zip(given, WEIGHTS[self.preset], strict=True)
        ]
        for name, value in zip(Triple._fields, chosen, strict=True):
            if not 0 <= value < float("inf"):
                raise ValueError(f"--weight-{name} {value} must be finite and not negative")
        return Triple(*chosen)

    def check(self) -> None:
        """ValueError names what does not fit."""
        self.weights()
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"--noise {self.noise} must be finite and not negative")
        for name in ("points", "test_points", "attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        for name in ("dataset", "methods"):
            if len(set(getattr(self, name))) < max(1, len(getattr(self, name))):
                raise ValueError(f"--{name}: each once, and at least one")
        toy_methods.config_of("GEDI", self.preset, self.iterations)
