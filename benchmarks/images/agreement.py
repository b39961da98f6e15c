"""How well what a row made of unseen images agrees with their labels; here labels are seen for the first time."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from sklearn.cluster import KMeans

from benchmarks.images.learned import Learned
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.metrics import clustering

RESTARTS = 10
"""Of k-means; the best by its own objective is kept."""
HEAD, KMEANS = "p(y|x)", "k-means on embeddings"


class Clusters(NamedTuple):
    """The cluster of each unseen image, and where it comes from."""

    assigned: Int[np.ndarray, " image"]
    by: str


def clusters_of(learned: Learned, classes: int, seed: int) -> Clusters:
    """Those of p(y|x), or of k-means fitted to the embeddings of the training images; no label is seen."""
    if learned.probabilities is not None:
        return Clusters(learned.probabilities.argmax(axis=1), HEAD)
    kmeans = KMeans(classes, n_init=RESTARTS, random_state=seed)  # pyright: ignore[reportArgumentType]
    return Clusters(np.asarray(kmeans.fit(learned.train).predict(learned.test), dtype=np.int64), KMEANS)


def clustering_metrics(found: Clusters, dataset: Dataset) -> dict[str, float]:
    """NMI, accuracy under the best renaming and ARI, over the whole test set at once."""
    labels = dataset.test.labels.numpy()
    classes = max(dataset.num_classes, int(found.assigned.max()) + 1)
    return {
        "nmi": clustering.nmi(labels, found.assigned),
        "clustering_accuracy": clustering.clustering_accuracy(labels, found.assigned, classes),
        "ari": clustering.ari(labels, found.assigned),
    }
