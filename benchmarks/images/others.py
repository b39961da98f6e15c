"""Sets of other images, from which a model of the training images should tell its own apart."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from gedi_nesy.cluster.images import white_background
from gedi_nesy.data.arrays import read_collection
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.data.pixels import to_float

MOST = 1000
"""Images of a set that are looked at, spread evenly over it."""
SIDE = 64
"""To how many pixels a side files are decoded at the most, before they are made as large as the training images."""

FILES = {
    "letters": (
        "letters",
        "notmnist-t10k-images-idx3-ubyte",
        "EMNIST/raw/emnist-letters-test-images-idx3-ubyte",
    ),
    "omniglot": (
        "omniglot",
        "omniglot-py/images_evaluation",
        "images_evaluation",
        "images_background_small1",
    ),
    "usps": ("usps",),
    "fashion": ("fashion",),
    "kmnist": ("kmnist",),
    "cifar10": ("cifar10/test",),
    "cifar100": ("cifar100/test",),
    "svhn": ("svhn",),
}
"""Where a set may lie below --others-root, beside the places where `--dataset` looks for it: folders and files."""
ENDINGS = ("", ".gz", ".npy", ".npz", ".parquet")
MADE = ("noise", "interpolations")
"""Made of nothing, and of the unseen images: always there."""


class Other(NamedTuple):
    """A set by name, its images as the training images are."""

    name: str
    images: Tensor


class Others(NamedTuple):
    """Those that are there, and a line for each that is not."""

    found: tuple[Other, ...]
    left_out: tuple[str, ...]


def others_of(names: Iterable[str], root: Path | None, dataset: str, unseen: Tensor) -> Others:
    """The sets by name, without the training images' own; `unseen` images say what they are to look like."""
    found, left_out = [], []
    for name in names:
        if name == dataset:
            continue
        if name in MADE:
            found.append(Other(name, MAKERS[name](some(unseen))))
            continue
        images = _read(name, root)
        if images is None:
            where = f"not below --others-root {root}" if root else "--others-root DIR says where it is"
            left_out.append(f"{name}: left out, {where}")
        else:
            found.append(Other(name, alike(images, unseen)))
    return Others(tuple(found), tuple(left_out))


@cache
def _read(name: str, root: Path | None) -> Tensor | None:
    """Once in every process; DataError for what is there and damaged."""
    source = SOURCES.get(name)
    if source is not None and source.fetch is None:
        return some(source.read(Path())[1].images)
    if root is None:
        return None
    if source is not None:
        try:
            return some(source.read(root)[1].images)
        except FileNotFoundError:
            pass  # it may lie there in another form
    for path in _places(name, root):
        if path.exists():
            size = (SIDE, SIDE) if path.is_dir() and name == "omniglot" else None
            images = read_collection(path, size=size).inputs
            if images.ndim != 4:
                raise DataError(f"{path}: points, and images are needed")
            return some(images)
    return None


def _places(name: str, root: Path) -> Iterator[Path]:
    for place in FILES.get(name, (name,)):
        for ending in ENDINGS:
            yield root / f"{place}{ending}"


def some(images: Tensor, most: int = MOST) -> Tensor:
    """`most` of them at even places, all if there are no more."""
    places = torch.linspace(0, len(images) - 1, min(most, len(images))).round().long()
    return images[places]


def alike(images: Tensor, own: Tensor) -> Tensor:
    """As large as our own, in as many channels, and on as dark a background: else telling them apart were nothing."""
    images = to_float(images)
    channels, *side = own.shape[1:]
    if images.shape[1] == 1 and channels == 3:
        images = images.expand(-1, 3, -1, -1)
    elif images.shape[1] == 3 and channels == 1:
        images = images.mean(dim=1, keepdim=True)
    if tuple(images.shape[2:]) != tuple(side):
        images = F.interpolate(images, size=side, mode="bilinear", antialias=True).clamp(0, 1)
    if channels == 1 and _white(images) != _white(to_float(own)):
        images = 1 - images
    return images.contiguous()


def _white(images: Tensor) -> bool:
    return white_background((255 * images).round().byte())


def noise(unseen: Tensor) -> Tensor:
    """Uniform on [0, 1], pixel by pixel; the same for every seed."""
    return torch.rand(unseen.shape, generator=Generator().manual_seed(0))


def interpolations(unseen: Tensor) -> Tensor:
    """Averages of two unseen images each."""
    images = to_float(unseen)
    return (images + images[torch.randperm(len(images), generator=Generator().manual_seed(0))]) / 2


MAKERS: dict[str, Callable[[Tensor], Tensor]] = {"noise": noise, "interpolations": interpolations}
