"""How well predicted symbols agree with true ones; labels are integers 0..classes-1."""

import numpy as np
from jaxtyping import Float, Int

from gedi_nesy.extras import needs

with needs("metrics"):
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

Labels = Int[np.ndarray, " item"]


def accuracy(labels: Labels, predictions: Labels) -> float:
    """The fraction of items whose symbol is the true one."""
    return float((labels == predictions).mean())


def macro_accuracy(labels: Labels, predictions: Labels) -> float:
    """The mean over the true symbols of the fraction of their items that are predicted right: each counts alike."""
    return float(np.mean([(predictions[labels == symbol] == symbol).mean() for symbol in np.unique(labels)]))


def confusion_matrix(labels: Labels, predictions: Labels, classes: int) -> Int[np.ndarray, "true predicted"]:
    """Counts, true symbol by row."""
    return sklearn_confusion_matrix(labels, predictions, labels=np.arange(classes))


def best_map(labels: Labels, predictions: Labels, classes: int) -> Int[np.ndarray, " symbol"]:
    """Which true symbol each predicted symbol stands for under the best one-to-one map (Hungarian)."""
    rows, columns = linear_sum_assignment(-confusion_matrix(labels, predictions, classes))
    return rows[np.argsort(columns)]


def clustering_accuracy(labels: Labels, predictions: Labels, classes: int) -> float:
    """Accuracy under the best one-to-one renaming of the predicted symbols."""
    return accuracy(labels, best_map(labels, predictions, classes)[predictions])


def nmi(labels: Labels, predictions: Labels) -> float:
    """Normalized mutual information (arithmetic mean), once over all items: averaged over batches it is inflated."""
    return float(normalized_mutual_info_score(labels, predictions))


def nmi_over_batches(labels: Labels, predictions: Labels, batch_size: int = 64) -> float:
    """The mean of the NMI of consecutive batches, which some papers report: even of random assignments it is large.

    Not a measure of ours: it is here to show what others' figures are worth (docs/images.md).
    """
    starts = range(0, len(labels), batch_size)
    parts = [slice(start, start + batch_size) for start in starts]
    return float(np.mean([nmi(labels[part], predictions[part]) for part in parts]))


def symbols_in_use(predictions: Labels, classes: int, at_least: float = 0.01) -> int:
    """How many symbols are predicted for at least this fraction of the items."""
    shares: Float[np.ndarray, " symbol"] = np.bincount(predictions, minlength=classes) / len(predictions)
    return int((shares >= at_least).sum())


def ari(labels: Labels, predictions: Labels) -> float:
    """Adjusted Rand index: the share of pairs on which both agree, beyond chance; 1 for the same partition."""
    return float(adjusted_rand_score(labels, predictions))
