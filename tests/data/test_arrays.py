"""Arrays and tables of a person's own: the same images and points from every kind of file."""

import gzip
import struct
import zipfile

import numpy as np
import pytest
import torch

from gedi_nesy.data.arrays import read_collection
from gedi_nesy.data.dataset import DataError

IMAGES = np.random.default_rng(0).integers(256, size=(12, 3, 5, 6), dtype=np.uint8)
POINTS = np.random.default_rng(1).normal(size=(12, 3))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES, IMAGES),
        (IMAGES.transpose(0, 2, 3, 1), IMAGES),
        (IMAGES[:, 0], IMAGES[:, :1]),
        (IMAGES / 255, IMAGES),
        (IMAGES.astype(np.float32), IMAGES),
        (np.asfortranarray(IMAGES.astype(np.int64)), IMAGES),
    ],
)
def test_images_in_arrays(tmp_path, array, expected):
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", images=array, labels=np.arange(12))
    for name in ("a.npy", "a.npz"):
        found = read_collection(tmp_path / name)
        assert found.inputs.dtype == torch.uint8
        assert np.array_equal(found.inputs.numpy(), expected)
        assert found.names[:2] == ["0", "1"]


def test_points_in_arrays_and_tables(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    np.save(tmp_path / "p.npy", POINTS)
    rows = "".join(f"{x!r},{y!r},{z!r},{k % 2}\n" for k, (x, y, z) in enumerate(POINTS.tolist()))
    (tmp_path / "p.csv").write_text("x,y,z,label\n" + rows)
    columns = {name: POINTS[:, index] for index, name in enumerate("xyz")}
    parquet.write_table(
        arrow.table({**columns, "name": ["a"] * 12, "label": [0] * 12}), tmp_path / "p.parquet"
    )
    for name in ("p.npy", "p.csv", "p.parquet"):
        found = read_collection(tmp_path / name)
        assert not found.is_images
        assert np.array_equal(found.inputs.numpy(), POINTS)
    assert found.notes[-1] == "columns that are not looked at: name, label"


def test_flat_rows_become_images(tmp_path):
    np.save(tmp_path / "flat.npy", IMAGES.reshape(12, -1))
    found = read_collection(tmp_path / "flat.npy", image_shape=(3, 5, 6))
    assert np.array_equal(found.inputs.numpy(), IMAGES)
    with pytest.raises(DataError, match="rows of 90 numbers are no images of"):
        read_collection(tmp_path / "flat.npy", image_shape=(1, 5, 6))


def test_idx_files(tmp_path):
    data = b"\0\0\x08\x03" + struct.pack(">3I", 12, 5, 6) + IMAGES[:, 0].tobytes()
    (tmp_path / "a-images-idx3-ubyte").write_bytes(data)
    (tmp_path / "b.idx.gz").write_bytes(gzip.compress(data))
    for name in ("a-images-idx3-ubyte", "b.idx.gz"):
        assert np.array_equal(read_collection(tmp_path / name).inputs.numpy(), IMAGES[:, :1])


def test_nothing_is_unpickled(tmp_path):
    objects = np.array([{}, {}], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "a.npz", images=objects)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(DataError, match="Python objects, which are never unpickled"):
            read_collection(tmp_path / name)


def test_an_archive_that_promises_more_than_it_holds(tmp_path):
    np.savez(tmp_path / "good.npz", images=IMAGES)
    with zipfile.ZipFile(tmp_path / "good.npz") as archive:
        data = archive.read("images.npy")
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("images.npy", data.replace(b"(12, 3,", b"(92, 3,"))
    with pytest.raises(DataError, match=r"bad\.npz, images\.npy: no array of numbers: 1080 bytes where"):
        read_collection(tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (IMAGES.astype(float) - 9, "pixels must be 0 to 255, or 0 to 1"),
        (np.full((3, 4, 4), np.nan), "NaN or infinity"),
        (np.full((3, 4), np.inf), "NaN or infinity in row 1"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((0, 4, 4)), r"shape \(0, 4, 4\)"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DataError, match=message):
        read_collection(tmp_path / "a.npy")


def test_other_files_are_refused_by_name(tmp_path):
    (tmp_path / "a.mat").write_text("x")
    with pytest.raises(DataError, match="cannot be read by its ending; there are a folder of images"):
        read_collection(tmp_path / "a.mat")
    with pytest.raises(DataError, match="no such file or folder"):
        read_collection(tmp_path / "b.npy")
    for name in ("c.npz", "d.parquet"):
        (tmp_path / name).write_text("x")
        with pytest.raises(DataError, match=r"no archive of arrays|no Parquet file"):
            read_collection(tmp_path / name)
