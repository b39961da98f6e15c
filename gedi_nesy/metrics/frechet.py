"""The Fréchet distance between two sets of features, each taken for a Gaussian; whose features is for others."""

import numpy as np
from jaxtyping import Float

from gedi_nesy.errors import ConfigError

Features = Float[np.ndarray, "item feature"]


def frechet_distance(first: Features, second: Float[np.ndarray, "other feature"]) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), with means m and covariances S of the two sets.

    With Inception's features it is FID. It falls with the number of items, so compare equal numbers alone. The trace of
    (S1 S2)^(1/2) is the sum of the singular values of A B', where S1 = A' A and S2 = B' B: no square root is taken.
    """
    for name, items in (("first", first), ("second", second)):
        if len(items) < 2:
            raise ConfigError(f"{name}: {len(items)} items have no covariance, at least 2 are needed")
    difference = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    a, b = _root(first), _root(second)
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(difference @ difference + (a**2).sum() + (b**2).sum() - 2 * shared)


def _root(items: Features) -> Float[np.ndarray, "row feature"]:
    """A matrix A with few rows such that A' A is the covariance."""
    centred = (items - items.mean(axis=0, dtype=np.float64)) / np.sqrt(len(items) - 1)
    return centred if len(centred) <= centred.shape[1] else np.asarray(np.linalg.qr(centred, mode="r"))
