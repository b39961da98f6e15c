"""Where Langevin chains begin: uniform noise, or a Gaussian fitted to the data, from which digits are near."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.errors import ConfigError
from gedi_nesy.types import Inputs


def uniform(
    generator: Generator, num: int, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0
) -> Float[Tensor, "num *shape"]:
    """Uniform noise on [low, high], on the generator's device."""
    noise = torch.rand((num, *shape), generator=generator, device=generator.device)
    return low + (high - low) * noise


def fit_gaussian(inputs: Inputs, rank: int) -> tuple[Float[Tensor, " size"], Float[Tensor, "size rank"]]:
    """Mean and the `rank` strongest directions (each scaled by its standard deviation) of the flattened inputs."""
    flat = inputs.flatten(1)
    if rank > min(flat.shape):
        raise ConfigError(f"rank={rank} exceeds what {flat.shape[0]} inputs of size {flat.shape[1]} can show")
    mean = flat.mean(dim=0)
    _, scales, directions = torch.linalg.svd(flat - mean, full_matrices=False)
    factors = directions[:rank] * (scales[:rank] / flat.shape[0] ** 0.5)[:, None]
    return mean, factors.T.contiguous()


def gaussian(
    generator: Generator, num: int, mean: Float[Tensor, " size"], factors: Float[Tensor, "size rank"]
) -> Float[Tensor, "num size"]:
    """Draws of N(mean, factors factors^T)."""
    normal = torch.randn(
        num, factors.shape[1], generator=generator, device=generator.device, dtype=mean.dtype
    )
    return (normal @ factors.T).add_(mean)
