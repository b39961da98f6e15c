import pytest
import torch

from gedi_nesy.data.images import DataError, check_images, load


@pytest.mark.parametrize(("name", "train", "test"), [("mnist5k", 4000, 1000), ("digits", 1438, 359)])
def test_embedded_data_sets(name, train, test):
    dataset = load(name)
    assert dataset.train.images.shape == (train, 1, 28, 28)
    assert dataset.test.images.shape == (test, 1, 28, 28)
    assert dataset.train.images.min() == 0
    assert dataset.train.images.max() == (255 if name == "mnist5k" else 1)
    counts = torch.bincount(dataset.test.labels, minlength=10)
    assert counts.min() >= test // 10 - 2


def test_an_unknown_name_lists_the_known():
    with pytest.raises(DataError, match=r"dataset='emnist' is not one of cifar10, cifar100, digits"):
        load("emnist")


def test_bad_images_are_named():
    good = torch.rand(3, 1, 4, 4)
    check_images(good, "mine")
    with pytest.raises(DataError, match=r"mine: 1 images hold NaN or infinity, the first is number 2"):
        check_images(good.index_fill(0, torch.tensor([2]), float("nan")), "mine")
    with pytest.raises(DataError, match=r"pixels must be in \[0, 1\], found 0 to 255"):
        check_images(torch.tensor([0.0, 255.0]).view(1, 1, 1, 2), "mine")
    check_images(good.to(torch.uint8), "mine")
    with pytest.raises(DataError, match=r"found torch.int64"):
        check_images(good.long(), "mine")
    with pytest.raises(DataError, match=r"\(3, 4, 4\)"):
        check_images(good[:, 0], "mine")
