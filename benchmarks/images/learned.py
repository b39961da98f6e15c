"""What a row makes of the images: embeddings, and p(y|x) and E(x) where it has a network; all without labels."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from benchmarks.images.config import ImagesConfig
from benchmarks.images.generation import features_of
from benchmarks.images.rows import Row
from benchmarks.runner.benchmark import Job, Place
from benchmarks.runner.fault_tolerance import saver_of
from benchmarks.runner.training import train as train_run
from gedi_nesy.cluster import FEATURE_RESTARTS, FEATURE_STEPS, ClusterConfig, assign, cluster_features
from gedi_nesy.data.dataset import Dataset, Split
from gedi_nesy.data.pixels import num_at_once, to_float
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.features.compute import backbone_of
from gedi_nesy.features.encoders import FrozenEncoder
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.training.records import Record

Embedded = Float[np.ndarray, "image feature"]


class Learned(NamedTuple):
    """A row on one seed, before any label is looked at."""

    train: Embedded
    """embeddings of the training images: of unit length, or pixels as they are"""
    test: Embedded
    """and of the unseen ones"""
    probabilities: Float[np.ndarray, "image cluster"] | None = None
    """p(y|x) of the unseen ones, where the row has clusters of its own"""
    model: GEDI | None = None
    """what reads pixels"""
    chains: Tensor | None = None
    """Langevin chains at the end of training, where the row has an energy"""
    history: tuple[Record, ...] = ()
    seconds: float = 0.0
    survival: Mapping[str, Any] = MappingProxyType({})
    """what saving cost, and every return from divergence"""


def learn_row(config: ImagesConfig, job: Job, place: Place, row: Row, dataset: Dataset) -> Learned:
    """Train the row as the job says; all ranks take part."""
    if row.objective is None:
        return Learned(_pixels(dataset.train), _pixels(dataset.test))
    (identity,) = job.runs
    images = dataset.train.images
    data = QuerySet(images, torch.empty(0, 1, dtype=torch.long), torch.arange(len(images)))
    recipe = config.recipe(row, dataset)
    trained = train_run(
        config,
        job,
        place,
        QuerySet(*(part.to(place.device) for part in data)),
        None,
        recipe.num_clusters,
        recipe.train,
        identity,
        seed=identity["seed"],
        make_backbone=recipe.make_backbone,
        hidden=recipe.hidden,
        start_rank=recipe.start_rank,
        pretrain=recipe.pretrain,
        augment=recipe.augment,
    )
    outcome, model = trained.outcome, trained.outcome.model
    seen, unseen = (embed(model, split.images, place.device) for split in (dataset.train, dataset.test))
    return Learned(
        train=F.normalize(seen, dim=1).numpy(),
        test=F.normalize(unseen, dim=1).numpy(),
        probabilities=_probabilities(model, unseen, place.device) if row.clusters else None,
        model=model,
        chains=outcome.learner.only.replay.chains.cpu() if row.generates else None,
        history=tuple(outcome.history),
        seconds=trained.seconds,
        survival=trained.survival,
    )


def _pixels(split: Split) -> Embedded:
    return to_float(split.images).flatten(1).numpy()


@torch.no_grad()
def embed(model: GEDI, images: Tensor, device: torch.device) -> Float[Tensor, "image feature"]:
    """enc(x) of all images, a part at a time."""
    parts = images.split(num_at_once(images))
    return torch.cat([model.embed(part.to(device)).cpu() for part in parts])


@torch.no_grad()
def _probabilities(
    model: GEDI, embeddings: Tensor, device: torch.device
) -> Float[np.ndarray, "image cluster"]:
    logits = [model.classify(part.to(device)).cpu() for part in embeddings.split(1024)]
    return torch.cat(logits).double().softmax(dim=1).numpy()


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
