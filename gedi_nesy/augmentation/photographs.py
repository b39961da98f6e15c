"""Views of photographs and grey images: crop, flip, colour jitter, greyscale, blur; each image has its own draw."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from gedi_nesy.augmentation import colours
from gedi_nesy.errors import ConfigError
from gedi_nesy.types import AnyImages, Images


@dataclass(frozen=True, kw_only=True)
class PhotographConfig:
    """SimCLR's views for small images (Chen et al. 2020, Appendix A and B.9): jitter at half strength, no blur."""

    crop: tuple[float, float] = (0.08, 1.0)
    """share of the area that is cut out, uniform, and made as large as the image; (1, 1): all of it"""
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """width to height of what is cut out, in terms of those of the image, uniform in its logarithm"""
    flip: float = 0.5
    """probability of left and right exchanged; 0 for digits and letters"""
    jitter: float = 0.8
    """probability of changed colours: brightness, contrast, saturation and hue, in this order"""
    brightness: float = 0.4
    """strength, uniform on [1 - b, 1 + b]"""
    contrast: float = 0.4
    """the same"""
    saturation: float = 0.4
    """the same; grey images have none"""
    hue: float = 0.1
    """share of the circle of colours, uniform on [-h, h]"""
    grey: float = 0.2
    """probability of an image without colours"""
    blur: float = 0.0
    """probability of a Gaussian blur; 0.5 in the paper for images of 224 pixels"""
    sigma: tuple[float, float] = (0.1, 2.0)
    """its width in pixels, uniform"""

    def __post_init__(self) -> None:
        for name in ("flip", "jitter", "grey", "blur", "brightness", "contrast", "saturation"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)} must be from 0 to 1")
        if not 0 <= self.hue <= 0.5:
            raise ConfigError(f"hue={self.hue} must be from 0 to 0.5")
        for name, most in (("crop", 1.0), ("ratio", math.inf), ("sigma", math.inf)):
            low, high = getattr(self, name)
            if not 0 < low <= high <= most or math.isinf(high):
                raise ConfigError(
                    f"{name}={(low, high)} must be an increasing pair, above 0 and at most {most:g}"
                )


class Draws(NamedTuple):
    """What happens to each image."""

    top: Int[Tensor, " batch"]
    left: Int[Tensor, " batch"]
    height: Int[Tensor, " batch"]
    width: Int[Tensor, " batch"]
    flipped: Bool[Tensor, " batch"]
    brightness: Float[Tensor, " batch"]
    contrast: Float[Tensor, " batch"]
    saturation: Float[Tensor, " batch"]
    hue: Float[Tensor, " batch"]
    grey: Bool[Tensor, " batch"]
    blurred: Bool[Tensor, " batch"]
    sigma: Float[Tensor, " batch"]


def draw(generator: Generator, num: int, size: tuple[int, int], config: PhotographConfig) -> Draws:
    """For so many images of this height and width; a crop that would leave the image is cut off at its sides."""
    rows, columns = size
    u = torch.rand(13, num, generator=generator, device=generator.device)
    side = _between(u[0], config.crop).sqrt()
    root = torch.exp(0.5 * _between(u[1], (math.log(config.ratio[0]), math.log(config.ratio[1]))))
    height = (rows * side / root).round().clamp(1, rows)
    width = (columns * side * root).round().clamp(1, columns)
    jittered = (u[5] < config.jitter).to(u.dtype)

    def strength(number: Tensor, most: float) -> Tensor:
        return 1.0 + jittered * _between(number, (-most, most))

    return Draws(
        top=((rows - height + 1) * u[2]).long(),
        left=((columns - width + 1) * u[3]).long(),
        height=height.long(),
        width=width.long(),
        flipped=u[4] < config.flip,
        brightness=strength(u[6], config.brightness),
        contrast=strength(u[7], config.contrast),
        saturation=strength(u[8], config.saturation),
        hue=jittered * _between(u[9], (-config.hue, config.hue)),
        grey=u[10] < config.grey,
        blurred=u[11] < config.blur,
        sigma=_between(u[12], config.sigma),
    )


def _between(u: Tensor, ends: tuple[float, float]) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * u


def augment(generator: Generator, images: AnyImages, config: PhotographConfig) -> Images:
    """Views of images, floats in [0, 1] or bytes; always floats. With `partial` it is what `Shown.augment` takes."""
    if images.dtype == torch.uint8:
        images = images.float() / 255.0
    draws = draw(generator, len(images), (images.shape[2], images.shape[3]), config)
    views = cropped(images, draws)
    if config.jitter > 0:
        views = colours.brightness(views, draws.brightness)
        views = colours.contrast(views, draws.contrast)
        views = colours.saturation(views, draws.saturation)
        if config.hue > 0:
            views = colours.hue(views, draws.hue)
    if config.grey > 0 and images.shape[1] > 1:
        views = torch.where(draws.grey[:, None, None, None], colours.greyscale(views), views)
    if config.blur > 0 and bool(draws.blurred.any()):
        views = views.clone()
        views[draws.blurred] = blurred(views[draws.blurred], draws.sigma[draws.blurred])
    return views


def cropped(images: Images, draws: Draws) -> Images:
    """The boxes, as large as the images again by bilinear interpolation, and mirrored where they are to be."""
    rows = _positions(images.shape[2], draws.top, draws.height, images)
    columns = _positions(images.shape[3], draws.left, draws.width, images)
    columns = torch.where(draws.flipped[:, None], columns.flip(1), columns)
    grid = torch.stack(
        torch.broadcast_tensors(columns[:, None, :], rows[:, :, None]),
        dim=3,
    )
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _positions(size: int, begin: Tensor, length: Tensor, like: Tensor) -> Float[Tensor, "batch size"]:
    """Where along an axis new pixels lie in the old ones, for `grid_sample`; never beyond the box's outer pixels."""
    centres = torch.arange(size, device=like.device, dtype=like.dtype) + 0.5
    inside = (centres * (length[:, None] / size) - 0.5).clamp(min=0).minimum(length[:, None] - 1)
    return (2 * (begin[:, None] + inside) + 1) / size - 1


def blurred(images: Images, sigma: Float[Tensor, " batch"]) -> Images:
    """A Gaussian of this width along rows and columns, over a tenth of the side, at least 3 pixels; edges mirrored."""
    down, across = (_gaussian(side, sigma, images) for side in images.shape[2:])
    return down[:, None] @ images @ across[:, None].mT


def _gaussian(side: int, sigma: Tensor, like: Tensor) -> Float[Tensor, "batch side side"]:
    """What makes each pixel along an axis of all of them, an image a matrix."""
    reach = min(max(1, side // 20), side - 1)
    offsets = torch.arange(-reach, reach + 1, device=like.device)
    weights = torch.exp(-0.5 * (offsets / sigma[:, None]) ** 2).to(like.dtype)
    weights = weights / weights.sum(dim=1, keepdim=True)
    sources = (torch.arange(side, device=like.device) + offsets[:, None]).abs()
    sources = (side - 1) - ((side - 1) - sources).abs()
    chosen = F.one_hot(sources, side).to(like.dtype)  # (offset, side, side)
    return torch.einsum("bo,oij->bij", weights, chosen)
