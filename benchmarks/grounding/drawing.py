"""Images that are drawn by the benchmark itself: operators as by hand, and coloured shapes.

A stroke is a line segment with a thickness, a shape the area within a distance; what is drawn is the distance of each
pixel's centre, with an edge one pixel wide. Coordinates are those of a square from -1 to 1, y downwards.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Generator, Tensor

from gedi_nesy.data.dataset import Split

Segment = tuple[float, float, float, float]
"""From (x, y) to (x, y)."""

STROKES: dict[str, tuple[Segment, ...]] = {
    "plus": ((-0.5, 0.0, 0.5, 0.0), (0.0, -0.5, 0.0, 0.5)),
    "minus": ((-0.55, 0.0, 0.55, 0.0),),
    "times": ((-0.4, -0.4, 0.4, 0.4), (-0.4, 0.4, 0.4, -0.4)),
    # dots are strokes hardly longer than they are thick
    "divided": ((-0.55, 0.0, 0.55, 0.0), (-0.02, -0.42, 0.02, -0.42), (-0.02, 0.42, 0.02, 0.42)),
}
"""Of each operator, before it is drawn askew."""

SHAPES = ("circle", "square", "triangle")
COLOURS = {"red": (0.85, 0.15, 0.15), "yellow": (0.9, 0.8, 0.15), "blue": (0.15, 0.25, 0.85)}
BACKGROUND = 0.75


def operators(generator: Generator, names: Sequence[str], each: int, size: int = 28) -> Split:
    """So many of each operator, uint8 (image, 1, size, size), in turn; labels are places in `names`.

    The ends of strokes are moved by 0.06, the whole is turned by up to 17 degrees, slanted, stretched, shifted and
    drawn 0.08 to 0.2 thick: light on dark, as MNIST.
    """
    images = []
    for name in names:
        for _ in range(each):
            ends = torch.tensor(STROKES[name]).view(-1, 2, 2)
            ends = ends + 0.06 * torch.randn(ends.shape, generator=generator)
            ends = ends @ _askew(generator).T + 0.1 * torch.randn(2, generator=generator)
            thickness = float(_between(generator, 0.04, 0.1))
            images.append(_ink(_to_segments(_grid(size), ends) - thickness, size))
    labels = torch.arange(len(names)).repeat_interleave(each)
    return Split(_bytes(torch.stack(images))[:, None], labels)


def figures(
    generator: Generator, shapes: Sequence[int], colours: Sequence[int], size: int = 28
) -> UInt8[Tensor, "image 3 size size"]:
    """An image for each shape and colour, by their places in SHAPES and COLOURS, on grey.

    Places, sizes and angles vary, and colours by a normal 0.04.
    """
    palette, images = torch.tensor(list(COLOURS.values())), []
    for shape, colour in zip(shapes, colours, strict=True):
        angle, radius = float(_between(generator, 0.0, 2 * math.pi)), float(_between(generator, 0.45, 0.75))
        centre = _between(generator, -0.2, 0.2, 2)
        points = (_grid(size) - centre) @ _turn(angle)
        inside = _ink(_DISTANCES[SHAPES[shape]](points, radius), size)
        ink = palette[colour] + 0.04 * torch.randn(3, generator=generator)
        images.append(torch.lerp(torch.full((3, 1, 1), BACKGROUND), ink[:, None, None], inside[None]))
    return _bytes(torch.stack(images))


def _circle(points: Tensor, radius: float) -> Tensor:
    return points.norm(dim=-1) - radius


def _square(points: Tensor, radius: float) -> Tensor:
    # of the same area as the circle
    return points.abs().amax(dim=-1) - radius * math.sqrt(math.pi) / 2


def _triangle(points: Tensor, radius: float) -> Tensor:
    # within three half-planes; of the same area as the circle
    normals = torch.tensor(
        [[math.cos(turn), math.sin(turn)] for turn in (0.0, 2 * math.pi / 3, 4 * math.pi / 3)]
    )
    return (points @ normals.T).amax(dim=-1) - radius * math.sqrt(math.pi / (3 * math.sqrt(3)))


_DISTANCES = {"circle": _circle, "square": _square, "triangle": _triangle}
"""How far outside each shape a point is, about."""


def _grid(size: int) -> Float[Tensor, "size size 2"]:
    """The centres of the pixels, (x, y)."""
    line = (2 * torch.arange(size) + 1) / size - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1)


def _to_segments(
    points: Float[Tensor, "size size 2"], ends: Float[Tensor, "segment 2 2"]
) -> Float[Tensor, "size size"]:
    """The distance to the nearest of the segments."""
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    offset = points[:, :, None] - start
    share = ((offset * along).sum(-1) / along.square().sum(-1)).clamp(0.0, 1.0)
    return (offset - share[..., None] * along).norm(dim=-1).amin(dim=-1)


def _ink(distance: Float[Tensor, "size size"], size: int) -> Float[Tensor, "size size"]:
    """1 within, 0 outside, and between them an edge of one pixel."""
    return (0.5 - distance * size / 2).clamp(0.0, 1.0)


def _askew(generator: Generator) -> Float[Tensor, "2 2"]:
    turn = _turn(float(_between(generator, -0.3, 0.3)))
    slant = torch.eye(2)
    slant[0, 1] = 0.15 * torch.randn((), generator=generator)
    return turn @ slant @ torch.diag(_between(generator, 0.8, 1.2, 2))


def _turn(angle: float) -> Float[Tensor, "2 2"]:
    return torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _between(generator: Generator, low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _bytes(images: Float[Tensor, "*image"]) -> UInt8[Tensor, "*image"]:
    return (255 * images.clamp(0.0, 1.0)).round().to(torch.uint8)
