"""Rows that read features of a frozen encoder: k-means, and linear heads by the library's own `cluster_features`."""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.images.config import ImagesConfig
from benchmarks.images.generation import features_of
from benchmarks.images.learned import Learned
from benchmarks.images.rows import Row
from benchmarks.runner.benchmark import Job, Place
from benchmarks.runner.fault_tolerance import saver_of
from gedi_nesy.cluster import FEATURE_RESTARTS, FEATURE_STEPS, ClusterConfig, assign, cluster_features
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.features.compute import backbone_of
from gedi_nesy.features.encoders import FrozenEncoder


def cluster_config(config: ImagesConfig, classes: int, seed: int) -> ClusterConfig:
    """Ten heads side by side, the best by the objective is kept; ConfigError for too few steps."""
    steps = config.iterations or FEATURE_STEPS
    return ClusterConfig(num_clusters=classes, steps=steps, restarts=FEATURE_RESTARTS, seed=seed)


def learn_frozen(
    config: ImagesConfig, job: Job, place: Place, row: Row, dataset: Dataset, encoder: FrozenEncoder
) -> Learned:
    """Features of all images, from the cache or computed now, and what is trained on them."""
    (identity,) = job.runs
    count = len(dataset.train.images) + len(dataset.test.images)
    place.say(f"{job.name}: features of {count:,} images by {encoder.name}, unless they are kept already")
    train, test = (_features(split.images, encoder) for split in (dataset.train, dataset.test))
    found = Learned(train=F.normalize(train, dim=1).numpy(), test=F.normalize(test, dim=1).numpy())
    if row.objective is None:
        return found
    saver = saver_of(config, place.checkpoints, identity, torch.device("cpu"))
    settings = cluster_config(config, dataset.num_classes, identity["seed"])
    side = min(dataset.train.images.shape[2:])
    clustered = cluster_features(train, settings, backbone_of(encoder, side), saver=saver)
    return found._replace(
        probabilities=assign(clustered.model, test).probabilities.double().numpy(),
        history=tuple(clustered.history),
        seconds=saver.seconds,
        survival={
            "checkpoint_seconds": saver.spent,
            "checkpoint_share": saver.overhead,
            "parts": saver.num_launches,
            "recoveries": [],
        },
    )


def _features(images: Tensor, encoder: FrozenEncoder) -> Tensor:
    return torch.from_numpy(features_of(images, encoder, cached=True)).float()
