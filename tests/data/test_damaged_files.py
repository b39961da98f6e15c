"""Mutated files of images and points: one line or data in order, never a traceback, never a huge allocation."""

import bz2
import gzip
import io
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.data.images import load
from gedi_nesy.data.point_files import load_file
from tests.data.image_sets.idx_files import write_mnist
from tests.data.image_sets.test_cifar10 import write_cifar10
from tests.data.image_sets.test_cifar100 import write_cifar100
from tests.data.image_sets.test_svhn import write_svhn
from tests.data.image_sets.test_usps import write_usps

ALLOWED = 2 << 30
"""Bytes of address space that reading a small file may take beyond what there is."""


def write_points(root: Path, kind: str) -> Path:
    points = np.random.default_rng(0).normal(size=(30, 2))
    path = root / f"points.{kind}"
    if kind == "npy":
        np.save(path, points)
    else:
        path.write_text(
            "x,y,label\n" + "".join(f"{x:.4f},{y:.4f},{k % 3}\n" for k, (x, y) in enumerate(points))
        )
    return path


def write_all(root: Path) -> dict[Path, Callable[[], object]]:
    """Every kind of file there is, and what reads it."""
    write_mnist(root)
    write_mnist(root, "KMNIST", train=6, test=4)
    for file in list((root / "KMNIST" / "raw").iterdir()):
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    write_usps(root)
    write_cifar10(root)
    write_cifar100(root)
    write_svhn(root)
    readers: dict[Path, Callable[[], object]] = {}
    for name, folder in (
        ("mnist", "MNIST/raw"),
        ("kmnist", "KMNIST/raw"),
        ("cifar10", "cifar-10-batches-bin"),
        ("cifar100", "cifar-100-binary"),
    ):
        readers |= {file: lambda name=name: load(name, root) for file in (root / folder).iterdir()}
    readers |= {file: lambda: load("usps", root) for file in root.glob("usps*.bz2")}
    readers |= {file: lambda: load("svhn", root) for file in root.glob("*.mat")}
    for kind in ("csv", "npy"):
        path = write_points(root, kind)
        readers[path] = lambda path=path: load_file(path)
    return dict(sorted(readers.items()))


def mutate(content: bytes, generator: np.random.Generator) -> bytes:
    """Cut, flip, overwrite, repeat or mix up: what disks, networks and people do to files."""
    found = bytearray(content)
    for _ in range(generator.integers(1, 4)):
        at = int(generator.integers(len(found))) if found else 0
        # half of all changes go where headers are
        at = at % 24 if generator.random() < 0.5 else at
        match generator.integers(7):
            case 0:
                del found[at:]
            case 1:
                found[at : at + 1] = bytes([int(generator.integers(256))])
            case 2:
                found[at : at + 4] = struct.pack(
                    ">I", int(generator.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1]))
                )
            case 3:
                found[at:at] = found[at : at + int(generator.integers(200))]
            case 4:
                found += generator.bytes(int(generator.integers(1, 50)))
            case 5:
                found[at : at + 1] = generator.choice(
                    [b"\n", b",", b"nan", b"1e999", b"\0", b"'", b"\xff", b"-"]
                )
            case 6:
                found = bytearray(generator.bytes(int(generator.integers(100))))
    return bytes(found)


def fuzz(root: Path, mutants: int, seed: int) -> int:
    """How many of the mutants were refused; AssertionError for one that was read and is not in order."""
    generator = np.random.default_rng(seed)
    readers = write_all(root)
    for read in readers.values():
        read()
    lines: list[str] = []
    for number in range(mutants):
        path = list(readers)[number % len(readers)]
        whole = path.read_bytes()
        path.write_bytes(mutate(whole, generator))
        try:
            check(readers[path]())
        except DataError as error:
            lines.append(str(error))
        path.write_bytes(whole)
    assert not any("\n" in line or len(line) > 1000 for line in lines)
    return len(lines)


def check(read) -> None:
    """What could be read is data in order."""
    if hasattr(read, "inputs"):
        assert read.inputs.isfinite().all()
        return
    for images, labels in (read.train, read.test):
        assert images.dtype == torch.uint8
        assert len(images) == len(labels) > 0
        assert tuple(images.shape[1:]) == SOURCES[read.name].image_shape


@pytest.fixture
def little_memory():
    """MemoryError, instead of a machine that swaps, for a file that asks for gigabytes."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = (
        int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else None
    )
    if pages is None:
        pytest.skip("address space is read from /proc")
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ALLOWED, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_mutants_are_one_line_or_in_order(tmp_path, little_memory):
    assert fuzz(tmp_path, mutants=90, seed=0) > 20


@pytest.mark.slow
def test_many_mutants_are_one_line_or_in_order(tmp_path, little_memory):
    for seed in range(1, 6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert fuzz(folder, mutants=100, seed=seed) > 30


@pytest.mark.parametrize("claimed", [(2**31, 28, 28), (2**32 - 1, 2**32 - 1, 2**32 - 1), (0, 28, 28)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_lies_is_one_line(tmp_path, claimed, packed, little_memory):
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    content = struct.pack(">BBBB3I", 0, 0, 8, 3, *claimed) + bytes(1000)
    file.unlink()
    if packed:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(content))
    else:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.*: damaged \("):
        load("mnist", tmp_path)


@pytest.mark.parametrize(
    "header", [b"(2147483648, 2147483648)", b"(99999999999999999999, 2)", b"(-5, 2)", b"(1000000000, 2)"]
)
def test_an_array_whose_header_lies_is_one_line(tmp_path, header, little_memory):
    path = write_points(tmp_path, "npy")
    content = path.read_bytes().replace(b"(30, 2)", header)
    length = struct.unpack("<H", content[8:10])[0] + len(header) - len(b"(30, 2)")
    path.write_bytes(content[:8] + struct.pack("<H", length) + content[10:])
    with pytest.raises(DataError, match=r"points.npy: no array of numbers"):
        load_file(path)


def test_a_small_file_that_unpacks_to_gigabytes_is_one_line(tmp_path, little_memory):
    write_mnist(tmp_path)
    file = tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    file.unlink()
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as stream:
        stream.write(struct.pack(">BBBBI", 0, 0, 8, 1, 2**32 - 1))
        stream.write(bytes(1 << 26))
    file.with_name(file.name + ".gz").write_bytes(packed.getvalue())
    with pytest.raises(DataError, match=r"labels-idx1-ubyte.gz: damaged"):
        load("mnist", tmp_path)
    write_usps(tmp_path)
    (tmp_path / "usps.bz2").write_bytes(bz2.compress(b"1 " * (1 << 22)))
    with pytest.raises(DataError, match=r"usps.bz2: damaged \(line 1"):
        load("usps", tmp_path)
