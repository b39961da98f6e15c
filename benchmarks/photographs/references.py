"""What the same features are good for: a linear head that is given all labels, and k-means that is given none."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from gedi_nesy.features.moments import moments
from gedi_nesy.metrics import clustering
from gedi_nesy.training.schedule import cosine

STEPS, BATCH, RATE, DECAY = 1500, 512, 1.28, 1e-2
"""Of the supervised head; the rate is that of a logit, as in training without labels."""


class References(NamedTuple):
    """Shares of the unseen images that are read right; of k-means under the best one-to-one renaming."""

    supervised: float
    kmeans: float
    kmeans_nmi: float


class Labelled(NamedTuple):
    """Features and classes."""

    features: Float[Tensor, "image feature"]
    labels: Int[Tensor, " image"]


def references(train: Labelled, test: Labelled, num_classes: int) -> References:
    """Both, on standardised features."""
    mean, std = moments(train.features)
    inputs, unseen = ((each.features.float() - mean) / std for each in (train, test))
    read = supervised(inputs, train.labels, num_classes)(unseen).argmax(dim=1)
    clusters = kmeans(inputs, unseen, num_classes)
    labels = test.labels.numpy()
    return References(
        float((read == test.labels).float().mean()),
        clustering.clustering_accuracy(labels, clusters, num_classes),
        clustering.nmi(labels, clusters),
    )


def supervised(
    inputs: Float[Tensor, "image feature"], labels: Int[Tensor, " image"], num_classes: int
) -> nn.Linear:
    """Logistic regression with a penalty on the weights."""
    generator = Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        head = nn.Linear(inputs.shape[1], num_classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    rate = RATE / inputs.shape[1]
    optimizer = torch.optim.Adam(head.parameters(), lr=rate)
    for step in range(STEPS):
        rows = torch.randint(len(inputs), (BATCH,), generator=generator)
        loss = nn.functional.cross_entropy(head(inputs[rows]), labels[rows])
        optimizer.param_groups[0]["lr"] = rate * cosine(step, STEPS, 50)
        optimizer.zero_grad()
        (loss + DECAY * head.weight.square().sum()).backward()
        optimizer.step()
    return head.requires_grad_(False)


def kmeans(
    inputs: Float[Tensor, "image feature"], unseen: Float[Tensor, "other feature"], clusters: int
) -> Int[np.ndarray, " other"]:
    """The best of three by its own objective."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 - takes a second to import

    found: Any = KMeans(clusters, n_init=3, random_state=0)  # pyright: ignore[reportArgumentType]
    return found.fit(inputs.numpy()).predict(unseen.numpy())
