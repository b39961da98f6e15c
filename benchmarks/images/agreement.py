"""How well what a row made of unseen images agrees with their labels; here labels are seen for the first time."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from sklearn.cluster import KMeans

from benchmarks.images.learned import Learned
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.metrics import clustering
from gedi_nesy.metrics.concepts import calibration_error
from gedi_nesy.metrics.probe import knn_accuracy, linear_probe

NEIGHBOURS, PROBED = 20, 10_000
"""Of the nearest neighbours, and training images at most that the linear probe is fitted to."""
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


def representation_metrics(learned: Learned, dataset: Dataset) -> dict[str, float]:
    """What embeddings know of the classes: these two are given the labels of the training images, after training."""
    labels, unseen = dataset.train.labels.numpy(), dataset.test.labels.numpy()
    some = torch.linspace(0, len(labels) - 1, min(PROBED, len(labels))).round().long().numpy()
    neighbours = min(NEIGHBOURS, len(labels))
    return {
        "linear_probe": linear_probe(learned.train[some], labels[some], learned.test, unseen),
        "knn": knn_accuracy(learned.train, labels, learned.test, unseen, neighbours),
    }


def calibration_metrics(learned: Learned, dataset: Dataset) -> dict[str, float]:
    """ECE of p(y|x) under the best renaming of the clusters; nothing for a row without clusters of its own."""
    probabilities, labels = learned.probabilities, dataset.test.labels.numpy()
    if probabilities is None:
        return {}
    clusters = probabilities.shape[1]
    renamed = clustering.best_map(labels, probabilities.argmax(axis=1), max(clusters, dataset.num_classes))
    named = np.zeros((len(labels), len(renamed)))
    named[:, renamed[:clusters]] = probabilities
    return {"ece": calibration_error(labels, named)}
