"""Changes of colour, a strength an image, of pixels in [0, 1]; of one channel, only the light changes."""

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.types import Images

Strengths = Float[Tensor, " batch"]

WEIGHTS = (0.2989, 0.587, 0.114)
"""Of red, green and blue in what is perceived as light (ITU-R BT.601), as torchvision rounds them."""


def _each(strengths: Strengths) -> Tensor:
    return strengths[:, None, None, None]


def greyscale(images: Images) -> Float[Tensor, "batch 1 height width"]:
    """The light of each pixel."""
    if images.shape[1] == 1:
        return images
    weights = torch.tensor(WEIGHTS, dtype=images.dtype, device=images.device)
    return (images * weights[:, None, None]).sum(dim=1, keepdim=True)


def blend(images: Images, other: Float[Tensor, "..."], strengths: Strengths) -> Images:
    """s x + (1 - s) other, in [0, 1]."""
    return torch.lerp(other.expand_as(images), images, _each(strengths)).clamp(0.0, 1.0)


def brightness(images: Images, strengths: Strengths) -> Images:
    """s x: 0 is black, 1 the image."""
    return (images * _each(strengths)).clamp(0.0, 1.0)


def contrast(images: Images, strengths: Strengths) -> Images:
    """Towards the image's mean light, or away from it: 0 is plain grey, 1 the image."""
    return blend(images, greyscale(images).mean(dim=(1, 2, 3), keepdim=True), strengths)


def saturation(images: Images, strengths: Strengths) -> Images:
    """Towards the grey image, or away from it: 0 is grey, 1 the image."""
    return images if images.shape[1] == 1 else blend(images, greyscale(images), strengths)


def hue(images: Images, turns: Strengths) -> Images:
    """Colours turned on their circle by this share of it, -0.5 to 0.5, in hue, saturation and value."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(dim=1)
    value, which = images.max(dim=1)
    chroma = value - images.amin(dim=1)
    by = torch.where(chroma > 0, chroma, 1.0)
    sixth = torch.where(
        which == 0,
        (green - blue) / by,
        torch.where(which == 1, 2 + (blue - red) / by, 4 + (red - green) / by),
    )
    sixth = sixth + 6 * turns[:, None, None]
    offsets = torch.tensor([5.0, 3.0, 1.0], dtype=images.dtype, device=images.device)[:, None, None]
    position = (offsets + sixth[:, None]).remainder(6.0)
    # how much of the chroma each of red, green and blue lacks: 1 on one side of the circle, 0 on the other
    lacks = torch.minimum(position, 4.0 - position).clamp(0.0, 1.0)
    return value[:, None] - chroma[:, None] * lacks
