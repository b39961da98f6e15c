"""Samples of a model, and how near they are to unseen images in the features of a frozen encoder."""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks.images.others import some
from gedi_nesy.data.dataset import Collection
from gedi_nesy.data.pixels import to_float
from gedi_nesy.errors import MissingPackageError
from gedi_nesy.features.compute import cache_folder, compute
from gedi_nesy.features.encoders import EncoderError, FrozenEncoder, load
from gedi_nesy.features.images import lazy_array
from gedi_nesy.metrics.frechet import frechet_distance
from gedi_nesy.metrics.precision_recall import precision_recall
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.sampling.sgld import OF_IMAGES, SGLDConfig

NUM, LANGEVIN_STEPS = 500, 100
"""Chains, and their steps from fresh starts: about as many as a chain of the replay buffer has when it begins anew."""
SHOWN, SHOWN_AT = 8, (0, 10, 25, 50, 100, 200)
"""Chains of the picture, and after how many steps each is shown."""
NEAR = 5
"""Training images beside each sample."""


def sgld(steps: int) -> SGLDConfig:
    """The sampler of training."""
    return replace(OF_IMAGES, num_steps=steps)


def samples_of(model: GEDI, num: int, seed: int, device: torch.device) -> Tensor:
    """Where fresh chains are after `LANGEVIN_STEPS` steps; the saved model gives the same."""
    generator = Generator(device).manual_seed(seed)
    return model.sample(num, generator, sgld(LANGEVIN_STEPS)).cpu()


def evolving(model: GEDI, seed: int, device: torch.device) -> Tensor:
    """A few chains after growing numbers of steps: (step, chain, channel, height, width)."""
    generator = Generator(device).manual_seed(seed)
    position, found, done = model.start(generator, SHOWN), [], 0
    for steps in SHOWN_AT:
        if steps > done:
            position, done = model.sample(SHOWN, generator, sgld(steps - done), position), steps
        found.append(position.cpu())
    return torch.stack(found)


def nearest_training(samples: Tensor, training: Tensor) -> Tensor:
    """The training images nearest to each sample, pixel by pixel: (sample, neighbour, channel, height, width)."""
    flat = to_float(training).flatten(1)
    places = torch.cdist(samples.flatten(1), flat).topk(min(NEAR, len(flat)), largest=False).indices
    return to_float(training[places.flatten()]).unflatten(0, places.shape)


class Quality(NamedTuple):
    """Distances are Fréchet's, on the encoder's features, between as many images each."""

    fd: float
    """samples and unseen images"""
    fd_halves: float
    """those unseen images and others of them: what a perfect sampler would have, for so few"""
    precision: float
    recall: float


def quality(samples: Tensor, unseen: Tensor, encoder: FrozenEncoder) -> Quality:
    """Of samples against one half of (some) unseen images; the other half says how near two halves are."""
    pictures = some(unseen, 2 * NUM)
    size = min(len(pictures) // 2, len(samples))
    features = features_of(pictures, encoder, cached=True)
    first, second = features[0::2][:size], features[1::2][:size]
    sampled = features_of(samples[:size], encoder, cached=False)
    found = precision_recall(first, sampled)
    return Quality(
        frechet_distance(sampled, first), frechet_distance(second, first), found.precision, found.recall
    )


@cache
def encoder_named(name: str) -> FrozenEncoder | str:
    """The frozen encoder, or why it cannot be had; once in every process."""
    try:
        return load(name)
    except (EncoderError, MissingPackageError) as error:
        return str(error)


def features_of(images: Tensor, encoder: FrozenEncoder, cached: bool) -> np.ndarray:
    """The encoder's features; those of real images are kept on the disk."""
    pixels = (255 * to_float(images)).round().byte()
    lazy = lazy_array(Collection(pixels, [str(number) for number in range(len(pixels))], []))
    side = encoder.side_for(lazy.side)
    found = compute(lazy, encoder, side, cache=cache_folder() if cached else None)
    return found.values.double().numpy()
