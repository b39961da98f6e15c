"""What an error says of images and queries that do not fit: and the line that it names makes them fit."""

import numpy as np
import pytest
import torch

from gedi_nesy.data.checks import as_tensors, check_images, check_queries, shape_hint
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import QuerySet

NONE = torch.empty(0, dtype=torch.long)


def test_images_that_fit_pass():
    for images in (torch.rand(3, 1, 7, 7), torch.randint(256, (3, 3, 20, 30), dtype=torch.uint8)):
        check_images(images, "mine")
    check_images(torch.randn(3, 1, 7, 7), "mine", bounds=None)
    check_images(torch.empty(0, 1, 7, 7), "mine")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(3, 28, 28), r"found \(3, 28, 28\); add the channel: images\[:, None\]"),
        (torch.rand(3, 28, 28, 3), r"found \(3, 28, 28, 3\), channels last: images.permute\(0, 3, 1, 2\)"),
        (torch.rand(3, 1, 8, 8) * 255, r"must be in \[0, 1\], found .*: images / 255"),
        (torch.rand(3, 1, 8, 8) * 2 - 1, r"must be in \[0, 1\], found -.*: \(images \+ 1\) / 2"),
        (torch.randn(3, 1, 8, 8) * 100, r"images - images.min"),
        (torch.rand(3, 1, 8, 8).double(), r"found torch.float64: images.float\(\)"),
        (torch.rand(3, 1, 8, 8).half(), r"found torch.float16: images.float\(\)"),
        (
            torch.arange(64).view(1, 1, 8, 8),
            r"found torch.int64 with values 0 to 63: images.to\(torch.uint8\)",
        ),
        (torch.ones(1, 1, 8, 8, dtype=torch.bool), r"found torch.bool with values 1 to 1: images.float\(\)"),
    ],
)
def test_the_line_that_converts_them_converts_them(images, message):
    with pytest.raises(DataError, match=message) as caught:
        check_images(images, "mine")
    assert "\n" not in str(caught.value)
    expression = str(caught.value).rpartition(": ")[2]
    converted = eval(expression, {"images": images, "torch": torch})
    check_images(converted, "mine")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(30, 2), r"found \(30, 2\), which is points, or images in rows"),
        (torch.rand(30), r"found \(30,\)"),
        (torch.rand(3, 1, 0, 8), r"found \(3, 1, 0, 8\): these have no pixels"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.complex64), r"found torch.complex64"),
        (torch.full((2, 1, 4, 4), torch.nan), r"2 images hold NaN or infinity, the first is number 0"),
    ],
)
def test_what_no_line_converts_is_named(images, message):
    with pytest.raises(DataError, match=message):
        check_images(images, "mine")


def queries(**changed) -> QuerySet:
    good = QuerySet(torch.rand(6, 1, 4, 4), torch.tensor([[0, 1], [2, 3]]), torch.tensor([4, 5]))
    return good._replace(**changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"query_indices": torch.tensor([[0, 6]])},
            "query_indices holds 6, which must be 0 to 5 for the 6 images",
        ),
        ({"extra_indices": torch.tensor([-1])}, "extra_indices holds -1, which must be 0 to 5"),
        (
            {"query_indices": torch.tensor([0, 1])},
            r"query_indices must be \(query, image argument\), found \(2,\)",
        ),
        ({"answers": torch.tensor([1])}, "answers holds 1 for 2 queries"),
        ({"labelled": torch.tensor([0])}, "labels holds 0 for the 1 images of labelled"),
        (
            {"labelled": torch.tensor([0]), "labels": torch.tensor([3])},
            "labels holds 3, which must be 0 to 2 for num_clusters=3",
        ),
        ({"query_indices": NONE.view(0, 2), "extra_indices": NONE}, "no query and no image to learn from"),
    ],
)
def test_a_query_that_does_not_fit_is_named(changed, message):
    check_queries(queries(), num_clusters=3)
    with pytest.raises(DataError, match=message):
        check_queries(queries(**changed), num_clusters=3)


def test_arrays_and_lists_are_taken():
    images = np.random.default_rng(0).random((6, 1, 4, 4), dtype=np.float32)
    images.flags.writeable = False
    mine = QuerySet(images, [[0, 1], [2, 3]], np.array([4, 5], dtype=np.int32))  # pyright: ignore[reportArgumentType]
    found = as_tensors(mine)
    assert torch.equal(found.images, torch.from_numpy(images.copy()))
    assert [part.dtype for part in found[1:]] == [torch.int64] * 5
    check_queries(found, num_clusters=3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": "folder"}, "images must be a tensor or an array, found str"),
        ({"images": None}, "images must be a tensor or an array, found NoneType"),
        ({"query_indices": [[0, 1], [2]]}, "query_indices: no tensor can be made of it"),
        (
            {"query_indices": torch.tensor([[0.0, 1.0]])},
            r"query_indices must be whole numbers, found torch.float32: query_indices.long\(\)",
        ),
        ({"images": np.array([object()])}, "images: no tensor can be made of it"),
    ],
)
def test_what_is_no_array_is_named(changed, message):
    with pytest.raises(DataError, match=message):
        as_tensors(queries(**changed))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((5, 28, 28), (1, 28, 28)),
        ((5, 28, 20), (3, 28, 20)),
        ((5, 32, 32, 3), (3, 32, 32)),
        ((1, 28, 28), (1, 28, 28)),
        ((5, 784), (1, 28, 28)),
        ((5, 3, 28, 28), (1, 28, 28)),
        ((5, 1, 28, 28), (3, 28, 28)),
        ((5, 1, 16, 16), (1, 28, 28)),
    ],
)
def test_a_hint_makes_inputs_fit_a_network(found, expected):
    hint = shape_hint(found, expected)
    converted = eval(hint.removeprefix(": "), {"x": torch.rand(found), "torch": torch})
    assert tuple(converted.shape[1:]) == expected


def test_there_is_no_hint_where_there_is_no_line():
    assert shape_hint((5, 3), (2,)) == ""
    assert shape_hint((5, 7, 28, 28), (1, 28, 28)) == ""
