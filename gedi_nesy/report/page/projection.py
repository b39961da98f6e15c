"""Points of any dimension in the plane: as they are in two, by principal components in more."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Plane = Float[np.ndarray, "point 2"]


class Projection(NamedTuple):
    """x -> ((x - mean) / std) @ directions, and what its two axes are called."""

    mean: Float[np.ndarray, " dim"]
    std: Float[np.ndarray, " dim"]
    directions: Float[np.ndarray, "dim 2"]
    axes: tuple[str, str]
    note: str

    def __call__(self, inputs: Float[np.ndarray, "point dim"]) -> Plane:
        return (inputs - self.mean) / self.std @ self.directions


def fit(inputs: Float[np.ndarray, "point dim"], columns: Sequence[str] = ()) -> Projection:
    """The projection for these points: the identity in two dimensions, a line in one, else the two directions along
    which the standardised columns vary most. A column that does not vary adds nothing.
    """
    dim = inputs.shape[1]
    names = list(columns) or [f"column {number}" for number in range(1, dim + 1)]
    if dim <= 2:
        axes = (names[0], names[1] if dim == 2 else "")
        return Projection(np.zeros(dim), np.ones(dim), np.eye(dim, 2), axes, "")
    mean, std = inputs.mean(axis=0), inputs.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    _, widths, directions = np.linalg.svd((inputs - mean) / std, full_matrices=False)
    shares = widths**2 / max(float((widths**2).sum()), np.finfo(float).tiny)
    # of the two signs that a direction may have, the one whose largest part is positive
    first = directions[:2]
    first = first * np.sign(first[np.arange(len(first)), np.abs(first).argmax(axis=1)])[:, None]
    if len(first) < 2:
        first = np.vstack([first, np.zeros(dim)])
        shares = np.append(shares, 0.0)
    axes = (f"first principal component ({shares[0]:.0%})", f"second ({shares[1]:.0%})")
    note = (
        f"The points have {dim} columns. Shown are the two directions along which the standardised columns vary most"
        f" (principal components); they hold {shares[0] + shares[1]:.0%} of the variance, so clusters that"
        " overlap here may lie apart."
    )
    return Projection(mean, std, first.T, axes, note)
