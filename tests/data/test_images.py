import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from gedi_nesy.data.images import DataError, check_images, load


def write_idx(path: Path, array: np.ndarray) -> None:
    """The IDX format of MNIST: magic number, sizes, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_mnist(root: Path, folder: str = "MNIST", train: int = 30, test: int = 10) -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 256, (train + test, 28, 28))
    for prefix, part in (("train", images[:train]), ("t10k", images[train:])):
        write_idx(root / folder / "raw" / f"{prefix}-images-idx3-ubyte", part)
        write_idx(root / folder / "raw" / f"{prefix}-labels-idx1-ubyte", np.arange(len(part)) % 10)
    return images


@pytest.mark.parametrize(("name", "train", "test"), [("mnist5k", 4000, 1000), ("digits", 1438, 359)])
def test_embedded_data_sets(name, train, test):
    dataset = load(name)
    assert dataset.train.images.shape == (train, 1, 28, 28)
    assert dataset.test.images.shape == (test, 1, 28, 28)
    assert dataset.train.images.min() == 0
    assert dataset.train.images.max() <= 1
    counts = torch.bincount(dataset.test.labels, minlength=10)
    assert counts.min() >= test // 10 - 2
    again = load(name)
    assert torch.equal(dataset.test.images, again.test.images), "the split is fixed"
    both = torch.cat([dataset.train.images, dataset.test.images]).flatten(1)
    assert len(both.unique(dim=0)) >= len(both) - 2, "no image is in both parts"


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion", "FashionMNIST")])
def test_torchvision_folders(tmp_path, name, folder):
    images = write_mnist(tmp_path, folder)
    dataset = load(name, tmp_path)
    assert torch.equal((dataset.train.images[:, 0] * 255).round().int(), torch.from_numpy(images[:30]).int())
    assert dataset.test.labels.tolist() == list(range(10))


def test_a_missing_folder_says_how_to_fetch_it(tmp_path):
    with pytest.raises(DataError, match=r"no MNIST here; fetch it with: python -c .*download=True"):
        load("mnist", tmp_path)
    with pytest.raises(DataError, match="needs --data-root"):
        load("fashion")


def test_a_torn_file_is_named(tmp_path):
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"MNIST: damaged .* fetch it again"):
        load("mnist", tmp_path)
    file.write_bytes(gzip.compress(b"not an image"))
    with pytest.raises(DataError, match=r"MNIST: damaged"):
        load("mnist", tmp_path)


def test_images_and_labels_must_match(tmp_path):
    write_mnist(tmp_path)
    write_idx(tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte", np.arange(7))
    with pytest.raises(DataError, match="10 images and 7 labels"):
        load("mnist", tmp_path)


def test_bad_images_are_named():
    good = torch.rand(3, 1, 4, 4)
    check_images(good, "mine")
    with pytest.raises(DataError, match=r"mine: 1 images hold NaN or infinity, the first is number 2"):
        check_images(good.index_fill(0, torch.tensor([2]), float("nan")), "mine")
    with pytest.raises(DataError, match=r"pixels must be in \[0, 1\], found 0 to 255"):
        check_images(torch.tensor([0.0, 255.0]).view(1, 1, 1, 2), "mine")
    with pytest.raises(DataError, match=r"found torch.uint8"):
        check_images(good.to(torch.uint8), "mine")
    with pytest.raises(DataError, match=r"\(3, 4, 4\)"):
        check_images(good[:, 0], "mine")
