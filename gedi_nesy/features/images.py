"""Images that are read one by one, when they are looked at, each as large as is asked: for frozen encoders.

Photographs need not be held in memory, or scaled down to what a small network takes, for features to be made of them.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps
from torch import Tensor

from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.data.folder import Contents, common_size, nothing_to_read, read_headers, said_of_others
from gedi_nesy.data.pictures import UNREADABLE, decode, reason_of, strict_warnings

GLANCE, GREY_AT_MOST = 32, 16
"""Pixels a side at which images are looked at for colour, and by how much channels of a grey JPEG may differ."""

Bytes = UInt8[np.ndarray, "side side 3"]


@dataclass(frozen=True)
class LazyImages:
    """Images by number; what is said of them is known before they are decoded."""

    names: list[str]
    notes: list[str]
    side: int
    """the shorter one, in pixels, of the commonest size"""
    colour: bool
    """whether there is an image that is not grey"""
    decode: Callable[[int, int], Bytes]
    """one by its number, as a colour image of so many pixels a side; one of `UNREADABLE` if it cannot be read"""
    digest: Callable[[], str]
    """a hash of what all of them hold"""
    left_out: tuple[tuple[str, str], ...] = ()
    """files that are known to be unreadable, with the reason"""

    def in_colour(self, some: int = 50) -> bool:
        """Whether among some of them, spread evenly, there is one that is not grey in three channels."""
        if not self.colour:
            return False
        with strict_warnings():
            for number in range(0, len(self.names), 1 + len(self.names) // some):
                try:
                    pixels = self.decode(number, GLANCE).astype(np.int16)
                except UNREADABLE:
                    continue
                if np.ptp(pixels, axis=2).max() > GREY_AT_MOST:
                    return True
        return False

    def blocks(
        self, side: int, size: int, start: int, stop: int
    ) -> Iterator[tuple[list[int], UInt8[Tensor, "image 3 side side"], dict[int, str]]]:
        """From `start` to `stop`, up to `size` at once: numbers, pixels, and the reasons of those that are left out."""
        for first in range(start, stop, size):
            found, failed = {}, {}
            with strict_warnings():
                for number in range(first, min(first + size, stop)):
                    try:
                        found[number] = self.decode(number, side)
                    except UNREADABLE as error:
                        failed[number] = reason_of(error)
            pixels = np.stack(list(found.values())) if found else np.empty((0, side, side, 3), np.uint8)
            yield list(found), torch.from_numpy(pixels).permute(0, 3, 1, 2), failed


def lazy_folder(folder: Path, contents: Contents | None = None) -> LazyImages:
    """All images below a folder, of which only the headers are read now; DataError if there is none."""
    contents = contents or read_headers(folder)
    names, headers = list(contents.headers), contents.headers
    if not names:
        raise DataError(nothing_to_read(folder, contents))
    height, width = common_size([header.size for header in headers.values()], most=10**9)
    notes = [f"{len(names):,} images, mostly {width}x{height}", *said_of_others(contents)]
    return LazyImages(
        names=names,
        notes=notes,
        side=min(height, width),
        colour=any(header.colour for header in headers.values()),
        decode=lambda number, side: decode(folder / names[number], (side, side), "RGB"),
        digest=lambda: _digest_of_files(folder, names),
        left_out=tuple(sorted(contents.left_out.items())),
    )


def lazy_array(collection: Collection) -> LazyImages:
    """Images that are in memory already, (image, channel, height, width)."""
    images = collection.inputs
    channels, height, width = images.shape[1:]

    def decode(number: int, side: int) -> Bytes:
        pixels = images[number].expand(3, -1, -1) if channels == 1 else images[number]
        picture = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
        if picture.size == (side, side):
            return np.array(picture)
        return np.array(ImageOps.fit(picture, (side, side), method=Image.Resampling.BILINEAR))

    return LazyImages(
        names=collection.names,
        notes=collection.notes,
        side=min(height, width),
        colour=channels == 3,
        decode=decode,
        digest=lambda: _digest_of_array(images),
        left_out=collection.left_out,
    )


def _digest_of_files(folder: Path, names: list[str]) -> str:
    """Of the files' bytes, in their order; a file that has gone counts as empty, and is missed when it is decoded."""
    found = hashlib.sha256()
    for name in names:
        try:
            content = (folder / name).read_bytes()
        except OSError:
            content = b""
        found.update(hashlib.sha256(content).digest())
    return found.hexdigest()


def _digest_of_array(images: Tensor) -> str:
    found = hashlib.sha256(f"{tuple(images.shape)}".encode())
    for part in images.split(1000):
        found.update(part.contiguous().numpy().data)
    return found.hexdigest()
