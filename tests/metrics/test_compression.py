import zlib

import numpy as np
import pytest

from gedi_nesy.metrics.compression import compressed_bits


def test_a_grey_area_is_small_and_noise_is_not():
    random = np.random.default_rng(0)
    images = np.stack(
        [np.full((1, 32, 32), 7, np.uint8), random.integers(0, 256, (1, 32, 32), dtype=np.uint8)]
    )
    grey, noise = compressed_bits(images)
    assert grey < 0.2
    # bytes at random cannot be made smaller, and a stored block costs five bytes
    assert noise == pytest.approx(8, rel=0.01)
    assert noise >= 8


def test_it_is_what_another_program_can_read_again():
    image = np.random.default_rng(0).integers(0, 3, (1, 1, 16, 16), dtype=np.uint8)
    stored = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = stored.compress(image.tobytes()) + stored.flush()
    assert zlib.decompress(raw, -15) == image.tobytes()
    assert compressed_bits(image)[0] == 8 * len(raw) / 256
