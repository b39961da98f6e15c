"""SVHN against scipy's writer of MATLAB's files, packed and not, and against what damage does to them."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from gedi_nesy.data.images import DataError, load

FILES = ("train_32x32.mat", "test_32x32.mat")


def write_svhn(root: Path, each: int = 6, packed: bool = True) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both files, as they are published: X (32, 32, 3, image) and y (image, 1), both bytes."""
    random = np.random.default_rng(0)
    parts = []
    for name in FILES:
        pixels = random.integers(0, 256, (32, 32, 3, each), dtype=np.uint8)
        digits = random.integers(1, 11, (each, 1), dtype=np.uint8)
        digits[0] = 10
        scipy.io.savemat(root / name, {"X": pixels, "y": digits}, do_compression=packed)
        parts.append((pixels, digits))
    return parts


@pytest.mark.parametrize("packed", [True, False])
def test_matrices_become_images(tmp_path, packed):
    (pixels, digits), (other, _) = write_svhn(tmp_path, packed=packed)
    dataset = load("svhn", tmp_path)
    assert dataset.train.images.shape == (6, 3, 32, 32)
    # image 4, row 5, column 9, in the three colours
    assert dataset.train.images[4, :, 5, 9].tolist() == pixels[5, 9, :, 4].tolist()
    assert dataset.test.images[2, 1].tolist() == other[:, :, 1, 2].tolist()
    assert dataset.train.labels.tolist() == (digits[:, 0] % 10).tolist()
    assert dataset.train.labels[0] == 0


def test_digits_of_doubles_packed_as_bytes_are_read(tmp_path):
    """As MATLAB writes them: a matrix of doubles that are whole numbers is stored in a byte each."""
    write_svhn(tmp_path, packed=False)
    expected = load("svhn", tmp_path).test.labels
    before, flags, after = (tmp_path / FILES[1]).read_bytes().rpartition(b"\6\0\0\0\10\0\0\0\11")
    (tmp_path / FILES[1]).write_bytes(before + flags[:-1] + b"\6" + after)
    assert scipy.io.whosmat(tmp_path / FILES[1])[1][2] == "double"
    assert load("svhn", tmp_path).test.labels.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"X": np.zeros((32, 32, 3, 2), np.uint8)}, r"it holds no 'y'"),
        ({"X": np.zeros((32, 32, 3, 2)), "y": np.ones((2, 1), np.uint8)}, "a matrix holds no bytes"),
        ({"X": np.zeros((32, 31, 3, 2), np.uint8), "y": np.ones((2, 1), np.uint8)}, "are not images and their"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.ones((3, 1), np.uint8)}, "are not images and their"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.zeros((2, 1), np.uint8)}, "digits must be 1 to 10"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_one_line(tmp_path, content, message):
    write_svhn(tmp_path)
    scipy.io.savemat(tmp_path / FILES[0], content, do_compression=True)
    with pytest.raises(DataError, match=rf"train_32x32.mat: damaged .*{message}"):
        load("svhn", tmp_path)


def test_a_torn_file_is_named(tmp_path):
    write_svhn(tmp_path)
    file = tmp_path / FILES[1]
    for length in (0, 100, 140, 4000):
        file.write_bytes(file.read_bytes()[:length] if length else b"")
        with pytest.raises(DataError, match=r"test_32x32.mat: damaged"):
            load("svhn", tmp_path)
        write_svhn(tmp_path)
