"""What a data set is: images, classes, a fixed split, and where its files come from."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.errors import GediNesyError
from gedi_nesy.types import AnyImages

Labels = Int[Tensor, " batch"]


class DataError(GediNesyError, ValueError):
    """A data set that is missing, torn or not what it should be; one line that says what to do."""


class Split(NamedTuple):
    """Images (batch, channels, height, width), bytes where they are by nature, and their classes."""

    images: AnyImages
    labels: Labels


class Dataset(NamedTuple):
    """Training and test images; the labels of the training images serve only to build queries."""

    name: str
    train: Split
    test: Split
    num_classes: int


class Collection(NamedTuple):
    """A person's own images or points, what each is called, and what there is to say of them."""

    inputs: Tensor
    """images (image, channel, height, width) as bytes, or points (point, dim) in double precision"""
    names: list[str]
    notes: list[str]
    """a line for each thing that was found or decided"""
    left_out: tuple[tuple[str, str], ...] = ()
    """files that could not be read, with the reason"""

    @property
    def is_images(self) -> bool:
        return self.inputs.ndim == 4


class Source(NamedTuple):
    """A data set before it is read: one file in `image_sets` holds one of these, named SOURCE."""

    name: str
    """as `--dataset` knows it"""
    title: str
    """as people know it"""
    image_shape: tuple[int, int, int]
    """channels, height, width"""
    num_classes: int
    read: Callable[[Path], tuple[Split, Split]]
    """training and test part, from the folder that holds the files; DataError for a damaged file, and
    FileNotFoundError for one that is missing"""
    place: str
    """the files below `--data-root`, or the package that they come with"""
    fetch: str | None = None
    """the command that fetches the files to ROOT; None if they come with a package"""


def stratified_split(images: AnyImages, labels: Labels, test_share: float = 0.2) -> tuple[Split, Split]:
    """A fifth of each class for the test, always the same: the split's generator has a seed of its own."""
    generator = Generator().manual_seed(0)
    train, test = [], []
    for digit in range(10):
        members = torch.nonzero(labels == digit)[:, 0]
        members = members[torch.randperm(len(members), generator=generator)]
        num_test = round(test_share * len(members))
        test.append(members[:num_test])
        train.append(members[num_test:])
    train_index, test_index = torch.cat(train), torch.cat(test)
    return Split(images[train_index], labels[train_index]), Split(images[test_index], labels[test_index])
