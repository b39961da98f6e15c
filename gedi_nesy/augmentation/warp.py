"""Random affine and elastic maps of images: each image gets its own draw, every draw comes from the generator."""

import math
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.errors import ConfigError
from gedi_nesy.types import Images


@dataclass(frozen=True, kw_only=True)
class WarpConfig:
    """How far `warp` may move the pixels of an image; 0 everywhere is the identity."""

    rotate: float = 15.0
    """degrees, uniform on [-rotate, rotate]"""
    scale: float = 0.15
    """log of the stretch along each axis, uniform on [-scale, scale]"""
    shear: float = 10.0
    """degrees, uniform on [-shear, shear]"""
    translate: float = 2.0
    """pixels along each axis, uniform on [-translate, translate]"""
    elastic: float = 1.0
    """pixels, standard deviation of a smooth displacement field drawn on a 5x5 grid"""

    def __post_init__(self) -> None:
        for name in ("rotate", "scale", "shear", "translate", "elastic"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"{name}={getattr(self, name)} must not be negative, infinite or NaN")


def warp(generator: Generator, images: Images, config: WarpConfig) -> Images:
    """Rotate, stretch, shear, shift and bend each image, in one bilinear resampling; outside is 0."""
    batch, _, height, width = images.shape
    matrix = _affine(generator, batch, config, height, width)
    grid = (matrix.flatten(0, 1) @ _pixel_grid(height, width, images.device)).view(batch, 2, height, width)
    if config.elastic > 0:
        field = torch.randn(batch, 2, 5, 5, generator=generator, device=generator.device) * config.elastic
        pixels = torch.tensor([2.0 / width, 2.0 / height], device=images.device).view(1, 2, 1, 1)
        rows, columns = _bicubic(height, images.device), _bicubic(width, images.device)
        grid = grid + rows @ (field * pixels) @ columns.T
    return F.grid_sample(images, grid.permute(0, 2, 3, 1), align_corners=False)


@cache
def _pixel_grid(height: int, width: int, device: torch.device) -> Float[Tensor, "3 pixel"]:
    """x, y and 1 at the centre of each pixel, in [-1, 1]: what `affine_grid` makes anew for every batch."""
    x, y = ((2.0 * torch.arange(size, device=device) + 1.0) / size - 1.0 for size in (width, height))
    return torch.stack(
        [x.repeat(height), y.repeat_interleave(width), torch.ones(height * width, device=device)]
    )


@cache
def _bicubic(size: int, device: torch.device) -> Float[Tensor, "size 5"]:
    """Bicubic interpolation of 5 values at `size` pixels, which is linear, as a matrix: quicker than to interpolate."""
    values = torch.eye(5, device=device)[None, :, :, None]
    pixels = F.interpolate(values, size=(size, 1), mode="bicubic", align_corners=True)
    return pixels[0, :, :, 0].T.contiguous()


def _affine(generator: Generator, batch: int, config: WarpConfig, height: int, width: int) -> Tensor:
    """One 2x3 matrix an image, from output to input coordinates in [-1, 1]."""
    draws = 2.0 * torch.rand(6, batch, generator=generator, device=generator.device) - 1.0
    angle, shear = draws[0] * math.radians(config.rotate), draws[1] * math.radians(config.shear)
    stretch_x, stretch_y = torch.exp(draws[2] * config.scale), torch.exp(draws[3] * config.scale)
    shift_x, shift_y = draws[4] * config.translate * 2 / width, draws[5] * config.translate * 2 / height
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = [
        cos * stretch_x,
        shear.tan() - sin * stretch_y,
        shift_x,
        sin * stretch_x,
        cos * stretch_y,
        shift_y,
    ]
    return torch.stack(rows, dim=1).view(batch, 2, 3)
