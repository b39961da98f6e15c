"""The flags of the toy benchmark."""

import math
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.runner.config import RunConfig
from benchmarks.runner.flags import OPTIONS, Flag
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.methods import METHODS, WEIGHTS, Method, Preset, Triple
from gedi_nesy.errors import ConfigError


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
    attempts: int = 3
    """random restarts a seed, the best by its training objective is kept; L_INV at --accept-inv ends them early"""
    accept: float = -0.12
    """mean L_INV on the training points, at most 0, from which on a seed is not restarted"""
    sensitivity: bool = False
    """NMI of GEDI over pairs of weights, 0 to 50 in steps of 10, as heat maps"""
    time_stacking: bool = False
    """time of ten seeds vectorised against one"""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """each draws its own points, network and chains; they train side by side, with the same numbers as alone"""

    CHOSEN_BY: ClassVar = ("dataset", "methods")
    GROUPS: ClassVar = {
        OPTIONS: ("dataset", "methods", "preset", "seeds", "out", "resume", "threads"),
        "instead of the table": ("sensitivity", Flag("time_stacking", name="time-vectorized")),
        "data": ("noise", "num_clusters", "points", "test_points"),
        "objective": ("weight_gen", "weight_inv", "weight_prior"),
        "optimisation": (
            "iterations",
            Flag("attempts", name="max-restarts"),
            Flag("accept", name="accept-inv"),
        ),
    }

    def weights(self) -> Triple:
        """The preset's, where none is given. ConfigError for one that is negative or not finite."""
        given = Triple(self.weight_gen, self.weight_inv, self.weight_prior)  # pyright: ignore[reportArgumentType]
        chosen = [
            theirs if ours is None else ours for ours, theirs in zip(given, WEIGHTS[self.preset], strict=True)
        ]
        for name, value in zip(Triple._fields, chosen, strict=True):
            if not 0 <= value < float("inf"):
                raise ConfigError(f"--weight-{name} {value} must be finite and not negative")
        return Triple(*chosen)

    def check(self) -> None:
        """ConfigError names what does not fit."""
        self.weights()
        if self.sensitivity and self.time_stacking:
            raise ConfigError("--sensitivity and --time-vectorized: one of both")
        if not 0 <= self.noise < float("inf"):
            raise ConfigError(f"--noise {self.noise} must be finite and not negative")
        if math.isnan(self.accept):
            raise ConfigError(f"--accept-inv {self.accept} must be a number")
        for name, flag in (
            ("points", "points"),
            ("test_points", "test-points"),
            ("attempts", "max-restarts"),
        ):
            if getattr(self, name) < 1:
                raise ConfigError(f"--{flag} {getattr(self, name)} must be at least 1")
        for name in ("dataset", "methods"):
            if len(set(getattr(self, name))) < max(1, len(getattr(self, name))):
                raise ConfigError(f"--{name}: each once, and at least one")
        toy_methods.config_of("GEDI", self.preset, self.iterations)
