"""The augmentation of points: noise, each point its own, every draw from the generator."""

import torch
from torch import Generator

from gedi_nesy.types import Inputs


def jitter(generator: Generator, inputs: Inputs, std: float) -> Inputs:
    """Additive Gaussian noise of standard deviation `std`, the paper's augmentation of toy points."""
    return inputs + std * torch.randn(inputs.shape, generator=generator, device=inputs.device)
