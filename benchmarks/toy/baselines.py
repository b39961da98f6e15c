"""What scikit-learn's clusterings make of the same points, without labels, fitted on the training points alone.

k-means and the Gaussian mixture predict test points themselves. Spectral clustering and DBSCAN cannot: a test point
gets the cluster of the nearest training point that has one.
"""

import warnings
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int
from sklearn.cluster import DBSCAN, KMeans, SpectralClustering
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

Baseline = Literal["k-means", "Gaussian mixture", "spectral", "DBSCAN"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)

PointArray = Float[np.ndarray, "point dim"]
Clusters = Int[np.ndarray, " point"]

RESTARTS = 10
"""Of k-means and the Gaussian mixture; the best by their own objective is kept."""
GRAPH_NEIGHBOURS = 10
"""Of each point in the graph that spectral clustering cuts."""
CORE_NEIGHBOURS = 5
"""`min_samples` of DBSCAN, the point itself not counted."""
EPS_FACTOR = 2.5
"""DBSCAN's eps, in medians of the distance to neighbour number `CORE_NEIGHBOURS`: a rule that sees no label.

One factor for all sets: 2 to 3 does alike on moons and circles of noise 0.05, less breaks curves into pieces, and more
joins them. The factor itself was chosen with scores in sight, which favours DBSCAN."""


def run(
    name: Baseline, train_inputs: PointArray, test_inputs: PointArray, num_clusters: int, seed: int
) -> Clusters:
    """Clusters of the test points, 0, 1, ...; DBSCAN is not told `num_clusters` and finds a number of its own."""
    if name == "k-means":
        model = KMeans(num_clusters, n_init=RESTARTS, random_state=seed)  # pyright: ignore[reportArgumentType]
        return np.asarray(model.fit(train_inputs).predict(test_inputs), dtype=np.int64)
    if name == "Gaussian mixture":
        mixture = GaussianMixture(num_clusters, n_init=RESTARTS, random_state=seed)
        return np.asarray(mixture.fit(train_inputs).predict(test_inputs), dtype=np.int64)
    if name == "spectral":
        clusters = _spectral(train_inputs, num_clusters, seed)
    elif name == "DBSCAN":
        clusters = _dbscan(train_inputs)
    else:
        raise ValueError(f"method={name!r} is not one of {', '.join(BASELINES)}")
    return _propagate(train_inputs, clusters, test_inputs)


def _spectral(inputs: PointArray, num_clusters: int, seed: int) -> Clusters:
    """Normalised cut of the symmetrised graph of nearest neighbours."""
    model = SpectralClustering(
        num_clusters,
        affinity="nearest_neighbors",
        n_neighbors=min(GRAPH_NEIGHBOURS, len(inputs)),
        random_state=seed,
    )
    with warnings.catch_warnings():
        # clusters that are far apart make the graph fall apart, which is how they are found
        warnings.filterwarnings("ignore", "Graph is not fully connected", UserWarning)
        return model.fit_predict(inputs)


def _dbscan(inputs: PointArray) -> Clusters:
    """Clusters of DBSCAN, -1 for noise; eps from the data, see `EPS_FACTOR`."""
    neighbours = min(CORE_NEIGHBOURS, len(inputs) - 1)
    distances, _ = NearestNeighbors(n_neighbors=neighbours).fit(inputs).kneighbors()
    eps = EPS_FACTOR * float(np.median(distances[:, -1]))
    if eps == 0:
        raise ValueError("DBSCAN: more than half of the points have copies, and eps would be 0")
    return DBSCAN(eps=eps, min_samples=neighbours + 1).fit_predict(inputs)


def _propagate(train_inputs: PointArray, clusters: Clusters, test_inputs: PointArray) -> Clusters:
    """The cluster of the nearest training point that is no noise; all 0 if there is none."""
    kept = clusters >= 0
    if not kept.any():
        return np.zeros(len(test_inputs), dtype=np.int64)
    nearest = NearestNeighbors(n_neighbors=1).fit(train_inputs[kept])
    return clusters[kept][nearest.kneighbors(test_inputs, return_distance=False)[:, 0]].astype(np.int64)
