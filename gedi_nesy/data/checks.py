"""Images and queries as they must be; an error says what was found, what is expected, and the line that converts it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.errors import ConfigError

COLOURS = (1, 3)
"""Channels that images have, which tells them from rows and columns of pixels."""


def check_images(images: Tensor, name: str, bounds: tuple[float, float] | None = (0.0, 1.0)) -> None:
    """DataError unless `images` is (image, channel, height, width): bytes, or float32, finite and in `bounds`."""
    shape = tuple(images.shape)
    found = f"{name}: images must be (image, channel, height, width), found {shape}"
    if images.ndim == 3:
        raise DataError(f"{found}; add the channel: images[:, None]")
    if images.ndim == 2:
        raise DataError(
            f"{found}, which is points, or images in rows: images.view(-1, channels, height, width); "
            "points are learned by `python -m benchmarks.toy --datasets FILE.csv`"
        )
    if images.ndim != 4:
        raise DataError(found)
    if shape[3] in COLOURS and shape[1] > 4 and shape[2] > 4:
        raise DataError(f"{found}, channels last: images.permute(0, 3, 1, 2)")
    if 0 in shape[1:]:
        raise DataError(f"{found}: these have no pixels")
    if images.dtype != torch.uint8:
        _check_values(images, name, bounds)


def _check_values(images: Tensor, name: str, bounds: tuple[float, float] | None) -> None:
    found = f"{name}: images must be bytes (torch.uint8) or torch.float32, found {images.dtype}"
    if images.is_complex() or (len(images) == 0 and not images.is_floating_point()):
        raise DataError(found)
    if not images.is_floating_point():
        low, high = int(images.min()), int(images.max())
        convert = ".to(torch.uint8)" if 0 <= low <= high <= 255 and high > 1 else ".float()"
        raise DataError(f"{found} with values {low} to {high}: images{convert}")
    bad = ~torch.isfinite(images).flatten(1).all(dim=1)
    if bad.any():
        raise DataError(
            f"{name}: {int(bad.sum())} images hold NaN or infinity, the first is number {int(bad.nonzero()[0])}"
        )
    if images.dtype != torch.float32:
        raise DataError(f"{found}: images.float()")
    if bounds is None or len(images) == 0:
        return
    low, high = images.min().item(), images.max().item()
    if low < bounds[0] or high > bounds[1]:
        raise DataError(
            f"{name}: pixels must be in [{bounds[0]:g}, {bounds[1]:g}], found {low:.3g} to {high:.3g}"
            + (f": {_rescaled(low, high)}" if bounds == (0, 1) else "")
        )


def _rescaled(low: float, high: float) -> str:
    if low >= 0 and 1 < high <= 255:
        return "images / 255"
    if -1 <= low < 0 and high <= 1:
        return "(images + 1) / 2"
    return "(images - images.min()) / (images.max() - images.min())"


def as_tensors(data: QuerySet) -> QuerySet:
    """The same with tensors where there were numpy arrays or lists; indices as int64."""

    def tensor(name: str, value: object) -> Tensor:
        if not isinstance(value, Tensor | np.ndarray | Sequence) or isinstance(value, str | bytes):
            raise DataError(f"{name} must be a tensor or an array, found {type(value).__name__}")
        try:
            # what is not writable is copied: torch would warn that it might be written to
            return torch.as_tensor(np.array(value) if isinstance(value, np.ndarray) else value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DataError(f"{name}: no tensor can be made of it: {str(error).splitlines()[0]}") from error

    fields = {name: tensor(name, value) for name, value in zip(data._fields, data, strict=True)}
    for name, value in fields.items():
        if name != "images" and len(value) and (value.is_floating_point() or value.dtype == torch.bool):
            raise DataError(f"{name} must be whole numbers, found {value.dtype}: {name}.long()")
    return QuerySet(fields.pop("images"), **{name: value.long() for name, value in fields.items()})


def check_queries(data: QuerySet, num_clusters: int) -> None:
    """DataError unless every index is that of an image, and answers and labels are one each and in range."""
    for name, rank in (
        ("query_indices", 2),
        ("extra_indices", 1),
        ("answers", 1),
        ("labelled", 1),
        ("labels", 1),
    ):
        value = getattr(data, name)
        if value.ndim != rank:
            expected = "(query, image argument)" if rank == 2 else "a list"
            raise DataError(f"{name} must be {expected}, found {tuple(value.shape)}")
    for name in ("query_indices", "extra_indices", "labelled"):
        _check_range(name, getattr(data, name), len(data.images), f"the {len(data.images)} images")
    _check_range("labels", data.labels, num_clusters, f"num_clusters={num_clusters}")
    if len(data.labels) != len(data.labelled):
        raise DataError(f"labels holds {len(data.labels)} for the {len(data.labelled)} images of labelled")
    if len(data.answers) not in (0, len(data.query_indices)):
        raise DataError(f"answers holds {len(data.answers)} for {len(data.query_indices)} queries")
    if len(data.query_indices) == len(data.extra_indices) == 0:
        raise DataError("no query and no image to learn from: query_indices and extra_indices are empty")


def _check_range(name: str, values: Tensor, size: int, of: str) -> None:
    bad = values[(values < 0) | (values >= size)]
    if len(bad):
        raise DataError(f"{name} holds {int(bad[0])}, which must be 0 to {size - 1} for {of}")


def shape_hint(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """The line that makes inputs of shape `found`, batch included, fit a network for `expected`; else nothing."""
    if len(expected) != 3:
        return ""
    channels, height, width = expected
    hints = {
        (height, width, channels): "x.permute(0, 3, 1, 2)",
        (channels * height * width,): f"x.view(-1, {channels}, {height}, {width})",
        (height, width): "x[:, None]" if channels == 1 else f"x[:, None].expand(-1, {channels}, -1, -1)",
        (1, height, width): f"x.expand(-1, {channels}, -1, -1)",
        (3, height, width): "x.mean(dim=1, keepdim=True)" if channels == 1 else "",
    }
    if found == expected:
        return ": x[None]"
    hint = hints.get(found[1:], "")
    if not hint and len(found) == 4 and found[1] == channels:
        hint = f"torch.nn.functional.interpolate(x, size=({height}, {width}), mode='bilinear')"
    return f": {hint}" if hint else ""


def check_type(x: Tensor, of_network: torch.dtype) -> None:
    """ConfigError unless inputs are of the type of the network's weights; it says how to make them so."""
    if x.dtype != of_network:
        pixels = "" if x.is_floating_point() else ", or of whole pixels 0 to 255: x.to(torch.uint8)"
        raise ConfigError(
            f"inputs of {x.dtype} do not fit a network of {of_network}: x.to({of_network}){pixels}"
        )
