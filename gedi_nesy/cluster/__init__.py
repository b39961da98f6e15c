"""Clusters of images, points or photographs without labels: what `gedi-nesy cluster` and the estimator share."""

from gedi_nesy.cluster.config import (
    FEATURE_RESTARTS,
    FEATURE_STEPS,
    IMAGE_RESTARTS,
    IMAGE_STEPS,
    POINT_RESTARTS,
    POINT_STEPS,
    Assignments,
    ClusterConfig,
    Clustered,
    assign,
    check_enough,
)
from gedi_nesy.cluster.features import cluster_features
from gedi_nesy.cluster.images import (
    FIRST_SHARE,
    cluster_images,
    clusters_first,
    train_config,
    white_background,
)
from gedi_nesy.cluster.number import Candidate, agreements, chosen
from gedi_nesy.cluster.points import cluster_points

__all__ = [
    "FEATURE_RESTARTS",
    "FEATURE_STEPS",
    "FIRST_SHARE",
    "IMAGE_RESTARTS",
    "IMAGE_STEPS",
    "POINT_RESTARTS",
    "POINT_STEPS",
    "Assignments",
    "Candidate",
    "ClusterConfig",
    "Clustered",
    "agreements",
    "assign",
    "check_enough",
    "chosen",
    "cluster_features",
    "cluster_images",
    "cluster_points",
    "clusters_first",
    "train_config",
    "white_background",
]
