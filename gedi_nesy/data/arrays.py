"""A person's own data, whatever file or folder holds them: images as bytes, or points; nothing is unpickled."""

from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.checks import COLOURS
from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.data.folder import read_folder
from gedi_nesy.data.idx import read_idx
from gedi_nesy.data.npy import read_npy, read_npz
from gedi_nesy.data.point_files import load_file
from gedi_nesy.extras import needs

KINDS = "a folder of images, .npy, .npz, .csv, .parquet, or an IDX file (.idx, ...-ubyte, also .gz)"
KEYS = ("images", "x", "X", "data", "x_train", "train_images", "arr_0")
"""Names under which an archive of several arrays is looked through for the one that is meant."""


def read_collection(
    path: Path,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    image_shape: tuple[int, int, int] | None = None,
) -> Collection:
    """Images or points from `path`: what it is follows from its ending, and from the shape of what it holds.

    `size` (height, width) and `channels` are for folders (`folder.read_folder`); rows of numbers become images of
    `image_shape` (channel, height, width) if that is given. DataError says in one line what cannot be used.
    """
    if path.is_dir():
        return read_folder(path, size, channels)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    name = path.name.lower().removesuffix(".gz")
    try:
        if name.endswith((".idx", "-ubyte", ".idx3", ".idx4")):
            return collected(read_idx(path.with_suffix("") if path.suffix == ".gz" else path), path)
        if name.endswith((".npy", ".npz")):
            return collected(
                read_npy(path) if name.endswith("y") else read_npz(path, KEYS), path, image_shape
            )
        if name.endswith((".csv", ".parquet")):
            return _table(path, image_shape)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    raise DataError(f"{path}: cannot be read by its ending; there are {KINDS}")


def collected(array: np.ndarray, name: object, image_shape: tuple[int, int, int] | None = None) -> Collection:
    """An array as images, (image, height, width) with or without a channel, or as points, (point, dim).

    `name` stands at the beginning of errors.
    """
    count = len(array) if array.ndim else 0
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise DataError(
            f"{name}: an array of shape {array.shape}, expected (point, dim), (image, height, width) or"
            " (image, channel, height, width)"
        )
    names = [str(number) for number in range(count)]
    if array.ndim == 2 and image_shape is None:
        points = torch.from_numpy(array.astype(np.float64))
        bad = ~torch.isfinite(points).all(dim=1)
        if bad.any():
            raise DataError(f"{name}: NaN or infinity in row {int(bad.nonzero()[0]) + 1}")
        return Collection(points, names, [f"{count:,} points of {array.shape[1]} numbers"])
    if array.ndim == 2:
        assert image_shape is not None
        if array.shape[1] != np.prod(image_shape):
            raise DataError(f"{name}: rows of {array.shape[1]} numbers are no images of {image_shape}")
        array = array.reshape(count, *image_shape)
    notes = []
    if array.ndim == 3:
        array = array[:, None]
    elif array.shape[1] not in COLOURS and array.shape[3] in COLOURS:
        array = array.transpose(0, 3, 1, 2)
        notes.append("channels came last")
    pixels, said = _as_bytes(array, name)
    channels, height, width = pixels.shape[1:]
    notes.insert(0, f"{count:,} images, {width}x{height}, {channels} channel{'s' * (channels > 1)}")
    return Collection(torch.from_numpy(pixels), names, notes + said)


def _as_bytes(array: np.ndarray, name: object) -> tuple[np.ndarray, list[str]]:
    """Pixels 0 to 255: numbers in [0, 1] that are not all whole are taken for shares of 255."""
    if array.dtype == np.uint8:
        return np.array(array, order="C"), []
    if not np.isfinite(array).all():
        raise DataError(f"{name}: pixels hold NaN or infinity")
    low, high = array.min(), array.max()
    if low < 0 or high > 255:
        raise DataError(f"{name}: pixels must be 0 to 255, or 0 to 1, found {low:g} to {high:g}")
    scale = 255 if high <= 1 else 1
    pixels = np.rint(array * scale).astype(np.uint8)
    return pixels, ["pixels in [0, 1] are kept as bytes"] if scale > 1 else []


def _table(path: Path, image_shape: tuple[int, int, int] | None) -> Collection:
    if path.suffix.lower() == ".csv":
        points = load_file(path)
        found, dropped = points.inputs.numpy(), ["label"] if len(points.labels) else []
    else:
        found, dropped = _parquet(path)
    collection = collected(found, path, image_shape)
    said = [f"columns that are not looked at: {', '.join(dropped)}"] if dropped else []
    return collection._replace(notes=collection.notes + said)


def _parquet(path: Path) -> tuple[np.ndarray, list[str]]:
    """Its columns of numbers side by side, and the names of the others, `label` among them."""
    with needs("folders"):
        import pyarrow as arrow  # noqa: PLC0415 - for this one kind of file
        from pyarrow import parquet  # noqa: PLC0415
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: no Parquet file: {str(error).splitlines()[0][:100]}") from error
    numbers = [
        field.name
        for field in table.schema
        if field.name.lower() != "label"
        and (arrow.types.is_integer(field.type) or arrow.types.is_floating(field.type))
    ]
    if not numbers:
        raise DataError(f"{path}: no column of numbers")
    columns = [table[name].to_numpy() for name in numbers]
    return np.stack(columns, axis=1).astype(np.float64), [
        name for name in table.column_names if name not in numbers
    ]
