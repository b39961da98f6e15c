import bz2
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import USPS

from gedi_nesy.data.images import DataError, load


def write_usps(root: Path, train: int = 20, test: int = 10) -> None:
    """LIBSVM's lines: the class from 1, then the values with their numbers from 1."""
    generator = np.random.default_rng(0)
    for name, count in (("usps.bz2", train), ("usps.t.bz2", test)):
        lines = [
            f"{1 + row % 10} "
            + " ".join(f"{k + 1}:{v:.3f}" for k, v in enumerate(generator.uniform(-1, 1, 256)))
            for row in range(count)
        ]
        (root / name).write_bytes(bz2.compress("\n".join(lines).encode() + b"\n"))


def test_images_and_labels_are_torchvisions(tmp_path):
    write_usps(tmp_path)
    dataset = load("usps", tmp_path)
    for train, part in ((True, dataset.train), (False, dataset.test)):
        expected = USPS(str(tmp_path), train=train)
        assert torch.equal(part.images[:, 0], torch.from_numpy(expected.data))
        assert part.labels.tolist() == expected.targets


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 1:0.5", "line 1: 256 values from -1 to 1"),
        ("1 " + "1:2 " * 256, "line 1: 256 values from -1 to 1"),
        ("1 " + "1:nan " * 256, "line 1: 256 values from -1 to 1"),
        ("11 " + "1:0 " * 256, "line 1: its class is 11"),
        ("x " + "1:0 " * 256, "line 1: invalid literal"),
        ("1 " + "1:x " * 256, "line 1: could not convert"),
        ("", "line 1: not enough values"),
    ],
)
def test_a_line_that_is_no_image_is_named(tmp_path, line, message):
    write_usps(tmp_path)
    (tmp_path / "usps.bz2").write_bytes(bz2.compress(line.encode() + b"\n"))
    with pytest.raises(DataError, match=rf"usps.bz2: damaged \({message}.*; fetch it again with: python"):
        load("usps", tmp_path)


def test_a_torn_file_is_named(tmp_path):
    write_usps(tmp_path)
    file = tmp_path / "usps.t.bz2"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"usps.t.bz2: damaged \(.*; fetch it again with"):
        load("usps", tmp_path)
