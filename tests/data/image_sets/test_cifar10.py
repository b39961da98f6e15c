from pathlib import Path

import numpy as np
import pytest

from gedi_nesy.data.images import DataError, load


def write_cifar10(root: Path, each: int = 4) -> np.ndarray:
    """Six files of records: a byte for the class, 1024 each for red, green and blue, row by row."""
    records = np.random.default_rng(0).integers(0, 256, (6, each, 3073)).astype(np.uint8)
    records[:, :, 0] %= 10
    folder = root / "cifar-10-batches-bin"
    folder.mkdir()
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    for name, part in zip(names, records, strict=True):
        (folder / name).write_bytes(part.tobytes())
    return records


def test_records_become_images(tmp_path):
    records = write_cifar10(tmp_path)
    dataset = load("cifar10", tmp_path)
    assert dataset.train.images.shape == (20, 3, 32, 32)
    assert dataset.test.labels.tolist() == records[5, :, 0].tolist()
    # image 6 is the third of the second file; its pixel in row 5, column 9, in the three colours
    at = 1 + 5 * 32 + 9
    expected = [records[1, 2, at + 1024 * colour] for colour in range(3)]
    assert dataset.train.images[6, :, 5, 9].tolist() == expected


def test_a_torn_file_is_named(tmp_path):
    write_cifar10(tmp_path)
    file = tmp_path / "cifar-10-batches-bin" / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"data_batch_3.bin: damaged \(12291 bytes are no records of 3073\)"):
        load("cifar10", tmp_path)


def test_a_class_that_is_none_is_named(tmp_path):
    records = write_cifar10(tmp_path)
    records[0, 0, 0] = 200
    (tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(records[0].tobytes())
    with pytest.raises(
        DataError, match=r"CIFAR-10, training part: damaged .labels 0 to 200, they are 0 to 9"
    ):
        load("cifar10", tmp_path)
