"""MNIST, Fashion-MNIST and Kuzushiji-MNIST; torchvision's own readers are the oracle."""

import gzip
import struct

import numpy as np
import pytest
import torch
from torchvision import datasets

from gedi_nesy.data.idx import read_idx
from gedi_nesy.data.images import DataError, load
from tests.data.image_sets.idx_files import write_idx, write_mnist

FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST", "kmnist": "KMNIST"}


@pytest.mark.parametrize(("name", "folder"), FOLDERS.items())
def test_images_and_labels_are_torchvisions(tmp_path, name, folder):
    images = write_mnist(tmp_path, folder)
    dataset = load(name, tmp_path)
    assert torch.equal(dataset.train.images[:, 0], torch.from_numpy(images[:30]).to(torch.uint8))
    for train, part in ((True, dataset.train), (False, dataset.test)):
        expected = getattr(datasets, folder)(tmp_path, train=train)
        assert torch.equal(part.images[:, 0], expected.data)
        assert torch.equal(part.labels, expected.targets)


def test_a_packed_file_is_read_as_it_is(tmp_path):
    write_mnist(tmp_path)
    expected = load("mnist", tmp_path)
    for file in list((tmp_path / "MNIST" / "raw").iterdir()):
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert torch.equal(load("mnist", tmp_path).train.images, expected.train.images)


def test_a_torn_file_is_named(tmp_path):
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte: damaged \(984 bytes .* fetch it again with"
    ):
        load("mnist", tmp_path)
    file.write_bytes(gzip.compress(b"not an image"))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte: damaged \(it begins with 1f8b"):
        load("mnist", tmp_path)


def test_a_header_that_lies_allocates_nothing(tmp_path, monkeypatch):
    (tmp_path / "lies").write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 28, 28) + bytes(100))
    with pytest.raises(
        DataError, match=r"damaged \(100 bytes where its shape \(2147483648, 28, 28\) asks for"
    ):
        read_idx(tmp_path / "lies")


def test_images_and_labels_must_match(tmp_path):
    write_mnist(tmp_path)
    labels = tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    write_idx(labels, np.arange(7))
    with pytest.raises(DataError, match="10 images and 7 labels"):
        load("mnist", tmp_path)
    write_idx(labels, np.arange(10) + 1)
    with pytest.raises(DataError, match="labels 1 to 10, they are 0 to 9"):
        load("mnist", tmp_path)
    write_idx(labels, np.zeros((10, 1)))
    with pytest.raises(DataError, match=r"labels-idx1-ubyte: damaged \(its shape is \(10, 1\)"):
        load("mnist", tmp_path)


def test_images_of_another_size_are_refused(tmp_path):
    write_mnist(tmp_path)
    write_idx(tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte", np.zeros((10, 16, 16)))
    with pytest.raises(DataError, match=r"MNIST, test part: damaged \(images of \(1, 16, 16\)"):
        load("mnist", tmp_path)
