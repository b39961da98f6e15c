from pathlib import Path

import numpy as np
import pytest

from gedi_nesy.data.images import DataError, load


def write_cifar100(root: Path, each: int = 5) -> np.ndarray:
    """Two files of records: a byte for the superclass, one for the class, 1024 each for red, green and blue."""
    records = np.random.default_rng(0).integers(0, 256, (2, each, 3074)).astype(np.uint8)
    records[:, :, 0] %= 20
    records[:, :, 1] %= 100
    folder = root / "cifar-100-binary"
    folder.mkdir()
    for name, part in zip(("train.bin", "test.bin"), records, strict=True):
        (folder / name).write_bytes(part.tobytes())
    return records


def test_records_become_images_of_the_finer_classes(tmp_path):
    records = write_cifar100(tmp_path)
    dataset = load("cifar100", tmp_path)
    assert dataset.train.images.shape == (5, 3, 32, 32)
    assert dataset.test.labels.tolist() == records[1, :, 1].tolist()
    at = 2 + 5 * 32 + 9
    expected = [records[0, 3, at + 1024 * colour] for colour in range(3)]
    assert dataset.train.images[3, :, 5, 9].tolist() == expected


def test_a_torn_file_is_named(tmp_path):
    write_cifar100(tmp_path)
    file = tmp_path / "cifar-100-binary" / "test.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"test.bin: damaged \(15369 bytes are no records of 3074\)"):
        load("cifar100", tmp_path)
