"""One image file: what it says of itself, and its pixels as bytes of one size and mode.

Pillow decodes. Only the five formats below are tried, and a picture too large to be meant is refused before it is
decoded.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from gedi_nesy.errors import one_line

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp"))
MAX_PIXELS = 50_000_000
"""A file that claims more is refused unread: a few kilobytes can claim gigabytes."""
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)
"""The EXIF tag, and its values for which rows are columns."""
GREY, TRANSPARENT = ("1", "L", "LA", "La", "I", "F"), ("LA", "La", "RGBA", "RGBa", "PA")
"""Pillow's modes of these kinds; those of 16 bits, I;16 and the like, are grey as well."""

UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises where a file is torn, damaged or malicious."""

Size = tuple[int, int]
"""Height and width."""


class Header(NamedTuple):
    """What a file says of itself before it is decoded."""

    size: Size
    colour: bool
    transparent: bool
    frames: int


def read_header(file: Path) -> Header:
    """Size, mode and frames; the pixels are not looked at. One of `UNREADABLE` if it is no image."""
    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ValueError(f"{width}x{height} pixels, more than {MAX_PIXELS:,}")
        # a PNG may have its EXIF data at the end, and would be decoded for them
        turned = image.format != "PNG" and image.getexif().get(ORIENTATION) in TURNED
        return Header(
            (width, height) if turned else (height, width),
            image.mode not in GREY and not image.mode.startswith("I;"),
            image.mode in TRANSPARENT or "transparency" in image.info,
            getattr(image, "n_frames", 1),
        )


def decode(file: Path, size: Size, mode: str) -> np.ndarray:
    """The pixels, upright, in this size and mode, L or RGB. One of `UNREADABLE` if they cannot be had."""
    with Image.open(file, formats=FORMATS) as image:
        image.draft(mode, (2 * max(size), 2 * max(size)))
        flat = _flattened(ImageOps.exif_transpose(image), mode)
        if flat.size != (size[1], size[0]):
            flat = ImageOps.fit(flat, (size[1], size[0]), method=Image.Resampling.BILINEAR)
        return np.array(flat)


def _flattened(image: Image.Image, mode: str) -> Image.Image:
    """8 bits a channel, nothing transparent: on white where it was."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError(f"values {values.min()} to {values.max()}, which are no 16-bit pixels")
        image = Image.fromarray((values >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("pixels are floats, whose range nobody knows")
    elif image.mode in TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def reason_of(error: BaseException) -> str:
    """One short line; Pillow repeats the path, which is known."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "no image"
    return one_line(str(error).partition(": '/")[0])[:80] or type(error).__name__


@contextmanager
def strict_warnings() -> Iterator[None]:
    """Pillow warns of odd metadata, which do not matter here, and of bombs, which do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
