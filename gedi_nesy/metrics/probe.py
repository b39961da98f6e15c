"""What frozen embeddings know of classes: a linear classifier, and nearest neighbours. Both see training labels."""

import warnings

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.errors import ConfigError
from gedi_nesy.extras import needs

with needs("metrics"):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

Embeddings = Float[np.ndarray, "item feature"]
Labels = Int[np.ndarray, " item"]
BLOCK = 1024
"""Items that are looked up at once."""


def linear_probe(
    train: Embeddings,
    labels: Labels,
    test: Float[np.ndarray, "unseen feature"],
    test_labels: Int[np.ndarray, " unseen"],
    iterations: int = 200,
) -> float:
    """Accuracy on unseen items of logistic regression on standardised embeddings, with scikit-learn's L2 penalty."""
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(max_iter=iterations)
    with warnings.catch_warnings():
        # the last digits of a separable problem take thousands of iterations, and change no prediction to speak of
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaler.transform(train), labels)
    return float(model.score(scaler.transform(test), test_labels))


def knn_accuracy(
    train: Embeddings,
    labels: Labels,
    test: Float[np.ndarray, "unseen feature"],
    test_labels: Int[np.ndarray, " unseen"],
    neighbours: int = 20,
) -> float:
    """Accuracy on unseen items of the majority among the `neighbours` nearest training items by cosine.

    Of classes with as many votes it is the one with the smaller number.
    """
    if not 1 <= neighbours <= len(train):
        raise ConfigError(
            f"neighbours={neighbours} must be at least 1, and at most the {len(train)} training items"
        )
    keys, right = _unit(train), 0
    classes = int(max(labels.max(), test_labels.max())) + 1
    for start in range(0, len(test), BLOCK):
        cosines = _unit(test[start : start + BLOCK]) @ keys.T
        nearest = np.argpartition(-cosines, neighbours - 1, axis=1)[:, :neighbours]
        votes = np.apply_along_axis(np.bincount, 1, labels[nearest], minlength=classes)
        right += int((votes.argmax(axis=1) == test_labels[start : start + BLOCK]).sum())
    return right / len(test)


def _unit(items: Embeddings) -> Embeddings:
    return items / np.linalg.norm(items, axis=1, keepdims=True).clip(1e-12)
