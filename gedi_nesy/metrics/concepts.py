"""How good the concepts behind the labels are, as the literature on reasoning shortcuts measures it."""

import numpy as np
from jaxtyping import Float

from gedi_nesy.extras import needs
from gedi_nesy.metrics.clustering import Labels

with needs("metrics"):
    from sklearn.metrics import f1_score

Probabilities = Float[np.ndarray, "item symbol"]


def macro_f1(labels: Labels, predictions: Labels, classes: int) -> float:
    """The mean over the symbols of their F1; 0 for a symbol that is never right."""
    symbols = np.arange(classes)
    return float(f1_score(labels, predictions, labels=symbols, average="macro", zero_division=0))  # pyright: ignore[reportArgumentType]


def collapse(predictions: Labels, classes: int) -> float:
    """Cls(C) = 1 - p / m: the share of the m symbols that are predicted for no item at all."""
    return 1.0 - len(np.unique(predictions)) / classes


def calibration_error(labels: Labels, probabilities: Probabilities, bins: int = 10) -> float:
    """ECE: |accuracy - mean confidence|, averaged over equal bins of the confidence with the shares of the items."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    # the first bin holds 0, each other is open at its lower end
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for members in (place == number for number in range(bins)):
        if members.any():
            error += members.mean() * abs(right[members].mean() - confidence[members].mean())
    return float(error)
