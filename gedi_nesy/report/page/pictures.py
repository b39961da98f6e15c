"""Images as text that a page holds itself: PNG in a data URI."""

import base64
import io

import numpy as np
from PIL import Image

from gedi_nesy.report.page.content import Pixels


def data_uri(pixels: Pixels) -> str:
    """One image, grey or RGB, as it is: a browser scales it."""
    if pixels.shape[0] not in (1, 3):
        raise ValueError(f"pixels of shape {pixels.shape} have {pixels.shape[0]} channels, expected 1 or 3")
    array = pixels[0] if pixels.shape[0] == 1 else pixels.transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(file, "PNG", optimize=True)
    return png_uri(file.getvalue())


def png_uri(png: bytes) -> str:
    """The bytes of a PNG file."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
