"""The two parts of the bound, for any method: of what its projector makes of unseen images in two views."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from gedi_nesy.data.queries import Augment
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.self_supervised.byol import Bootstrap
from gedi_nesy.objectives.self_supervised.deepcluster import ClusteredMemory
from gedi_nesy.objectives.self_supervised.dino import CentredTeacher
from gedi_nesy.objectives.self_supervised.er import entropy_on_sphere, reconstruction_on_sphere
from gedi_nesy.objectives.self_supervised.heads import BatchNormHead, ProjectionHead


class Bound(NamedTuple):
    """Nats. Their sum is a lower bound on I(Z; Z') and, with n images, at most log n."""

    entropy: float
    """H(Z'), by the kernel density estimate on the sphere (kappa = 10)"""
    reconstruction: float
    """E log q(z'|z)"""


class Projected(NamedTuple):
    """Of one view: what predicts the other view, and what is predicted; a teacher's where there is one."""

    predicted: Float[Tensor, "image feature"]
    target: Float[Tensor, "image feature"]


def bound_of(view: Projected, other: Projected) -> Bound:
    """The mean of both directions."""
    pairs = ((view.predicted, other.target), (other.predicted, view.target))
    return Bound(
        float(sum(entropy_on_sphere(target) for _, target in pairs) / 2),
        float(sum(reconstruction_on_sphere(predicted, target) for predicted, target in pairs) / 2),
    )


@torch.no_grad()
def measured(network: GEDI, head: nn.Module | None, images: Tensor, augment: Augment, seed: int) -> Bound:
    """Of a network and its term's module, on two views of these images that are the same at every call."""
    generator = Generator(images.device).manual_seed(seed)
    return bound_of(*(projected(network, head, augment(generator, images)) for _ in range(2)))


def projected(network: GEDI, head: nn.Module | None, images: Tensor) -> Projected:
    """Without a module it is the embedding itself; scores of prototypes are none: it is what they are scores of."""
    embeddings = network.embed(images)
    if isinstance(head, Bootstrap):
        targets = head.teacher_projector(head.teacher.embed(images))
        return Projected(head.predictor(head.projector(embeddings)), targets)
    if isinstance(head, CentredTeacher):
        return Projected(head.head.layers(embeddings), head.teacher_head.layers(head.teacher.embed(images)))
    if isinstance(head, BatchNormHead | ProjectionHead | ClusteredMemory):
        embeddings = head.layers(embeddings)
    elif head is not None:
        raise TypeError(f"{type(head).__name__}: not known what it projects")
    return Projected(embeddings, embeddings)
