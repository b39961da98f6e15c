"""Features of images by a frozen encoder, a block at a time, and kept on the disk for the next run."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float16, Int, UInt8
from torch import Tensor

from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.features import encoders
from gedi_nesy.features.encoders import EncoderError, FrozenEncoder
from gedi_nesy.features.images import LazyImages, lazy_array
from gedi_nesy.files import UnreadableError, digest, read_tensors, to_bytes, write_whole
from gedi_nesy.models.encoders import FrozenFeatures

BLOCK, PART = 64, 1024
"""Images that are decoded and encoded at once, and those whose features are one file of the cache."""
FORMAT = "gedi_nesy.features/1"

OnImages = Callable[[int], None]
"""Called with the number of images done."""


class Features(NamedTuple):
    """What an encoder makes of images; 16 bits a number, of which there are many."""

    values: Float16[Tensor, "image feature"]
    numbers: Int[Tensor, " image"]
    """which of the images these are: those that cannot be decoded have none"""
    failed: dict[int, str]
    """the reasons of the others"""


def cache_folder() -> Path | None:
    """Below $GEDI_NESY_CACHE, else the user's cache folder; None where $GEDI_NESY_CACHE is empty."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.environ.get("GEDI_NESY_CACHE", os.path.join(home, "gedi_nesy"))
    return Path(folder) / "features" if folder else None


def compute(
    images: LazyImages,
    encoder: FrozenEncoder,
    side: int,
    on_images: OnImages = lambda count: None,
    cache: Path | None = None,
) -> Features:
    """Features of all images, each seen with `side` pixels a side.

    With `cache`, a folder, parts of them that were computed before are read from there, and new ones are kept: a run
    that was ended goes on where it was. A file that is torn or altered is computed anew. DataError if no image can be
    decoded.
    """
    folder = cache and cache / _key(images, encoder, side)
    values = torch.empty(len(images.names), encoder.num_features, dtype=torch.float16)
    numbers: list[int] = []
    failed: dict[int, str] = {}
    for start in range(0, len(images.names), PART):
        stop = min(start + PART, len(images.names))
        file = folder and folder / f"{start:08d}.safetensors"
        part = file and _load(file, stop - start, encoder.num_features)
        if part is None:
            part = _computed(images, encoder, side, start, stop, on_images)
            if file:
                _save(file, part)
        values[len(numbers) : len(numbers) + len(part.numbers)] = part.values
        numbers += part.numbers.tolist()
        failed |= part.failed
        on_images(stop)
    if not numbers:
        raise DataError(f"none of {len(images.names):,} images can be decoded: {next(iter(failed.values()))}")
    return Features(values[: len(numbers)], torch.tensor(numbers), failed)


def _computed(
    images: LazyImages, encoder: FrozenEncoder, side: int, start: int, stop: int, on_images: OnImages
) -> Features:
    """Of the images from `start` to `stop`."""
    parts = [torch.empty(0, encoder.num_features, dtype=torch.float16)]
    numbers: list[int] = []
    failed: dict[int, str] = {}
    for read, pixels, unreadable in images.blocks(side, BLOCK, start, stop):
        if read:
            part = encoder(pixels).half()
            if not bool(part.isfinite().all()):
                raise EncoderError(
                    f"{encoder.name}: a feature of {images.names[read[0]]} or one soon after it is not finite"
                )
            parts.append(part)
        numbers += read
        failed |= unreadable
        on_images(start + len(numbers) + len(failed))
    return Features(torch.cat(parts), torch.tensor(numbers, dtype=torch.long), failed)


def _key(images: LazyImages, encoder: FrozenEncoder, side: int) -> str:
    """A hash of all that features depend on: the images' content, the encoder's weights, and how it is shown them."""
    colours = encoder.mean, encoder.std
    depends = json.dumps([FORMAT, images.digest(), encoder.name, encoder.fingerprint, colours, side])
    return hashlib.sha256(depends.encode()).hexdigest()[:40]


def _save(file: Path, found: Features) -> None:
    tensors = {"values": found.values, "numbers": found.numbers}
    metadata = {"format": FORMAT, "failed": json.dumps(found.failed)}
    metadata["sha256"] = digest(metadata, tensors)
    write_whole(file, to_bytes(tensors, metadata))


def _load(file: Path, count: int, num_features: int) -> Features | None:
    """What `_save` wrote of so many images; None if nothing, or something else, lies there."""
    if not file.is_file():
        return None
    try:
        metadata, tensors = read_tensors(file)
    except UnreadableError:
        return None
    claimed = metadata.pop("sha256", "")
    if metadata.keys() != {"format", "failed"} or tensors.keys() != {"values", "numbers"}:
        return None
    metadata = {name: metadata[name] for name in ("format", "failed")}
    if claimed != digest(metadata, tensors):
        return None
    values, numbers = tensors["values"], tensors["numbers"]
    failed = {int(number): reason for number, reason in json.loads(metadata["failed"]).items()}
    fits = values.dtype == torch.float16 and values.shape == (len(numbers), num_features)
    return Features(values, numbers, failed) if fits and len(numbers) + len(failed) == count else None


def backbone_of(encoder: FrozenEncoder, side: int) -> FrozenFeatures:
    """What a model on its features of images of `side` pixels says of them."""
    return FrozenFeatures(encoder.num_features, encoder.name, encoder.fingerprint, encoder.side_for(side))


def encoder_of(backbone: FrozenFeatures) -> FrozenEncoder:
    """The encoder of which a model knows; EncoderError if that here has other weights."""
    encoder = encoders.load(backbone.config["encoder"])
    if encoder.fingerprint != backbone.config["fingerprint"]:
        raise EncoderError(
            f"{encoder.name}: the weights installed here are not those that the run was trained with"
        )
    return encoder


def features_by(
    backbone: FrozenFeatures, images: UInt8[Tensor, "image channel height width"]
) -> Float16[Tensor, "image feature"]:
    """Features of images in memory, as a model has them of the images it was trained on; from the cache, if there."""
    names = [str(number) for number in range(len(images))]
    lazy = lazy_array(Collection(images, names, []))
    return compute(lazy, encoder_of(backbone), backbone.config["side"], cache=cache_folder()).values
