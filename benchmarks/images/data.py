"""The images: training and unseen ones, of a named set or of a person's own folders."""

from functools import cache
from pathlib import Path

import torch
from torch import Generator, Tensor

from benchmarks.images.config import FOLDER, ImagesConfig
from gedi_nesy.cli.label_files import labels_by_folder
from gedi_nesy.data.dataset import Collection, DataError, Dataset, Split
from gedi_nesy.data.folder import read_folder
from gedi_nesy.data.images import load

TEST_SHARE = 0.2
"""Of the images of a class, where a folder does not say itself which are for the test."""


def dataset_of(config: ImagesConfig) -> Dataset:
    """The set that the flags ask for; DataError says what is missing."""
    return _read(config.dataset, config.data_root)


@cache
def _read(name: str, root: Path | None) -> Dataset:
    """Once in every process."""
    if name != FOLDER:
        return load(name, root)
    assert root is not None, "the config has been checked"
    return from_folder(root)


def from_folder(root: Path) -> Dataset:
    """A sub-folder a class, below train/ and test/ where `root` has these; else a fifth of each class is unseen."""
    parts = [root / "train", root / "test"]
    if all(part.is_dir() for part in parts):
        first = read_folder(parts[0])
        shape = first.inputs.shape
        both = first, read_folder(parts[1], size=(shape[2], shape[3]), channels=shape[1])
        classes = [_folders(each, part) for each, part in zip(both, parts, strict=True)]
        names = sorted({*classes[0], *classes[1]})
        found = [Split(each.inputs, _numbers(own, names)) for each, own in zip(both, classes, strict=True)]
    else:
        whole = read_folder(root)
        folders = _folders(whole, root)
        names = sorted(set(folders))
        found = _parts(whole.inputs, _numbers(folders, names), len(names))
    if len(names) < 2:
        raise DataError(f"{root}: all images lie in one sub-folder, and at least two classes are needed")
    train, test = found
    return Dataset(FOLDER, train, test, len(names))


def _folders(images: Collection, folder: Path) -> list[str]:
    labels = labels_by_folder(images.names)
    known = [label for label in labels if label is not None]
    if len(known) < len(labels):
        raise DataError(
            f"{folder}: {images.names[labels.index(None)]} lies in no sub-folder, which is its class"
        )
    return known


def _numbers(folders: list[str], names: list[str]) -> Tensor:
    return torch.tensor([names.index(folder) for folder in folders])


def _parts(images: Tensor, labels: Tensor, classes: int) -> list[Split]:
    """The same for every seed: the draw has a generator of its own."""
    generator = Generator().manual_seed(0)
    train, test = [], []
    for number in range(classes):
        members = torch.nonzero(labels == number)[:, 0]
        members = members[torch.randperm(len(members), generator=generator)]
        unseen = max(1, round(TEST_SHARE * len(members)))
        test.append(members[:unseen])
        train.append(members[unseen:])
    return [Split(images[index], labels[index]) for index in (torch.cat(train), torch.cat(test))]
