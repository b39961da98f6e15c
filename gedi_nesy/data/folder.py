"""A folder of image files as one tensor of bytes: read one by one, brought to one size, and said what was done.

A file that cannot be read is named and left out. Memory is taken once, for the images as they are learned from.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.data.pictures import (
    ENDINGS,
    FORMATS,
    UNREADABLE,
    Header,
    Size,
    decode,
    read_header,
    reason_of,
    strict_warnings,
)

MAX_SIDE = 64
"""Pixels a side that images are scaled down to unless told otherwise."""
OnImage = Callable[[int, int], None]
"""Called with the images read so far, and how many there are."""


class Contents(NamedTuple):
    """What lies in a folder: headers by name, reasons of what is unreadable by name, and other files by ending."""

    headers: dict[str, Header]
    left_out: dict[str, str]
    others: Counter[str]


def read_folder(
    folder: Path,
    size: Size | None = None,
    channels: int | None = None,
    on_image: OnImage | None = None,
    contents: Contents | None = None,
) -> Collection:
    """All images below `folder`, in the order of their names, which are paths relative to it.

    `size` is that of the commonest images, at most `MAX_SIDE`, unless given; `channels` is 1 where all are grey, and
    else 3. `contents` is what `read_headers` found, if it was asked before. DataError if no image can be read.
    """
    if size is not None and min(size) < 1:
        raise DataError(f"size={size[0]}x{size[1]}: height and width must be at least 1")
    contents = contents or read_headers(folder)
    headers = contents.headers
    if not headers:
        raise DataError(nothing_to_read(folder, contents))
    chosen = size or common_size([header.size for header in headers.values()])
    with strict_warnings():
        images, read = _decoded(folder, headers, chosen, channels, contents.left_out, on_image)
    if not read:
        raise DataError(nothing_to_read(folder, contents))
    images, was_grey = _without_colour(images) if channels is None else (images, False)
    notes = list(_notes(images, {name: headers[name] for name in read}, size is not None, was_grey))
    notes += said_of_others(contents)
    return Collection(images, read, notes, tuple(sorted(contents.left_out.items())))


def read_headers(folder: Path) -> Contents:
    """What the files below a folder say of themselves; no pixels are looked at."""
    names, others = _files(folder)
    found = Contents({}, {}, others)
    with strict_warnings():
        for name in names:
            try:
                found.headers[name] = read_header(folder / name)
            except UNREADABLE as error:
                found.left_out[name] = reason_of(error)
    return found


def common_size(sizes: list[Size], most: int = MAX_SIDE) -> Size:
    """The size that at least half of the images have, else a square of their median shorter side; at most `most`."""
    size, count = Counter(sizes).most_common(1)[0]
    if 2 * count < len(sizes):
        side = round(median(min(each) for each in sizes))
        size = (side, side)
    scale = min(1.0, most / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def listed(items: Iterable[str], most: int = 3) -> str:
    """The first few, and how many more there are."""
    items = list(items)
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _files(folder: Path) -> tuple[list[str], Counter[str]]:
    """Files with an image's ending, and how many of other endings; what is hidden is passed over."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    names, others = [], Counter()
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for file in files:
            if file.startswith("."):
                continue
            ending = Path(file).suffix.lower()
            if ending in ENDINGS:
                names.append((Path(place) / file).relative_to(folder).as_posix())
            else:
                others[ending or "no ending"] += 1
    return sorted(names), others


def _decoded(
    folder: Path,
    headers: dict[str, Header],
    size: Size,
    channels: int | None,
    left_out: dict[str, str],
    on_image: OnImage | None,
) -> tuple[Tensor, list[str]]:
    """Room for all is taken at once, and filled one by one; who is left out leaves no gap."""
    channels = channels or (3 if any(header.colour for header in headers.values()) else 1)
    images, read = torch.empty(len(headers), channels, *size, dtype=torch.uint8), []
    for number, name in enumerate(headers, start=1):
        try:
            pixels = torch.from_numpy(decode(folder / name, size, "L" if channels == 1 else "RGB"))
            images[len(read)] = pixels.view(*size, channels).permute(2, 0, 1)
            read.append(name)
        except UNREADABLE as error:
            left_out[name] = reason_of(error)
        if on_image is not None:
            on_image(number, len(headers))
    return images[: len(read)], read


def _without_colour(images: Tensor) -> tuple[Tensor, bool]:
    """One channel where all three are alike in all images, and whether that was so."""
    if images.shape[1] == 1:
        return images, False
    for part in images.split(1000):
        if not bool((part == part[:, :1]).all()):
            return images, False
    return images[:, :1].clone(), True


def _notes(images: Tensor, headers: dict[str, Header], told: bool, was_grey: bool) -> Iterator[str]:
    count, channels, height, width = images.shape
    colour = "grey" if channels == 1 else "colour"
    yield f"{count:,} images, {width}x{height}, {colour}" + (" (all were grey in three channels)" * was_grey)
    sizes = Counter(header.size for header in headers.values())
    shown = listed(f"{w}x{h} ({number:,})" for (h, w), number in sizes.most_common())
    if list(sizes) != [(height, width)]:
        why = "as told" if told else f"the commonest size, at most {MAX_SIDE} a side"
        yield f"sizes in the files: {shown}; scaled, and cropped at the centre, to {width}x{height} ({why})"
    coloured = sum(header.colour for header in headers.values())
    if not was_grey and 0 < coloured < count:
        yield f"{coloured:,} in colour and {count - coloured:,} grey: all are read as {colour}"
    if transparent := sum(header.transparent for header in headers.values()):
        yield f"{transparent:,} with transparency: put on white"
    if several := sum(header.frames > 1 for header in headers.values()):
        yield f"{several:,} files hold several pictures: the first counts"


def said_of_others(contents: Contents) -> Iterator[str]:
    """A line for what is left out, and one for what is no image."""
    if contents.left_out:
        shown = listed(f"{name} ({reason})" for name, reason in sorted(contents.left_out.items()))
        yield f"{len(contents.left_out):,} unreadable files left out: {shown}"
    if contents.others:
        yield f"{contents.others.total():,} files of other kinds passed over: {listed(contents.others)}"


def nothing_to_read(folder: Path, contents: Contents) -> str:
    """What a DataError says of a folder without images."""
    said = "; ".join(said_of_others(contents)) or "it is empty"
    return f"{folder}: no image that can be read ({', '.join(FORMATS)}); {said}"
