"""Features once computed are kept, for the very same images and weights; what cannot be decoded has none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gedi_nesy.data.arrays import collected
from gedi_nesy.data.dataset import DataError
from gedi_nesy.features import compute as module
from gedi_nesy.features.compute import cache_folder, compute
from gedi_nesy.features.encoders import EncoderError
from gedi_nesy.features.images import lazy_array, lazy_folder
from tests.features.stand_in import quarters, stand_in, write_photographs


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART", 10)
    monkeypatch.setattr(module, "BLOCK", 4)
    write_photographs(tmp_path / "images")
    return tmp_path / "images"


def pixels(folder) -> torch.Tensor:
    return torch.stack(
        [torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1) for file in sorted(folder.iterdir())]
    )


def counting(encoder, seen: list[int]):
    def network(images):
        seen.append(len(images))
        return encoder.network(images)

    return replace(encoder, network=network)


def test_they_are_what_the_encoder_gives(photographs):
    found = compute(lazy_folder(photographs), stand_in(), 64)
    expected = quarters(pixels(photographs).float() / 255)
    torch.testing.assert_close(found.values.float(), expected, atol=1e-3, rtol=0)
    assert found.numbers.tolist() == list(range(24))


def test_an_array_has_the_features_of_the_folder(photographs):
    collection = collected(pixels(photographs).numpy(), "array")
    found = compute(lazy_array(collection), stand_in(), 32)
    assert torch.equal(found.values, compute(lazy_folder(photographs), stand_in(), 32).values)


def test_they_are_computed_once_and_parts_are_kept(photographs, tmp_path):
    seen: list[int] = []
    encoder, cache = counting(stand_in(), seen), tmp_path / "cache"
    first = compute(lazy_folder(photographs), encoder, 64, cache=cache)
    assert sum(seen) == 24
    told: list[int] = []
    again = compute(lazy_folder(photographs), encoder, 64, told.append, cache)
    assert sum(seen) == 24
    assert told == [10, 20, 24]
    assert torch.equal(first.values, again.values)
    files = sorted(cache.rglob("*.safetensors"))
    assert len(files) == 3
    files[0].unlink()
    torn = files[1].read_bytes()
    files[1].write_bytes(torn[: len(torn) // 2])
    files[2].write_bytes(torn)
    mended = compute(lazy_folder(photographs), encoder, 64, cache=cache)
    assert sum(seen) == 48
    assert torch.equal(first.values, mended.values)


def test_other_images_weights_and_sizes_are_computed_anew(photographs, tmp_path):
    seen: list[int] = []
    cache = tmp_path / "cache"
    compute(lazy_folder(photographs), counting(stand_in(), seen), 64, cache=cache)
    compute(lazy_folder(photographs), counting(stand_in(fingerprint="01"), seen), 64, cache=cache)
    compute(lazy_folder(photographs), counting(stand_in(), seen), 32, cache=cache)
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(photographs / "03.png")
    compute(lazy_folder(photographs), counting(stand_in(), seen), 64, cache=cache)
    assert sum(seen) == 4 * 24


def test_a_file_whose_header_alone_is_sound_is_left_out(photographs, tmp_path):
    for number in (0, 11):
        file = photographs / f"{number:02d}.png"
        file.write_bytes(file.read_bytes()[:200])
    for _ in range(2):
        found = compute(lazy_folder(photographs), stand_in(), 64, cache=tmp_path / "cache")
        assert found.numbers.tolist() == [number for number in range(24) if number not in (0, 11)]
        assert len(found.values) == 22
        assert set(found.failed) == {0, 11}


def test_nothing_that_can_be_decoded_and_features_that_are_no_numbers_are_one_line(photographs):
    broken = replace(stand_in(), network=lambda images: quarters(images) / 0)
    with pytest.raises(
        EncoderError, match=r"quarters: a feature of 00\.png or one soon after it is not finite"
    ):
        compute(lazy_folder(photographs), broken, 64)
    for file in photographs.iterdir():
        file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match="none of 24 images can be decoded"):
        compute(lazy_folder(photographs), stand_in(), 64)


def test_colour_is_looked_for_in_the_pixels(tmp_path):
    grey = np.random.default_rng(0).integers(256, size=(5, 3, 64, 64)).astype(np.uint8)
    grey[:] = grey[:, :1]
    assert not lazy_array(collected(grey, "grey")).in_colour()
    grey[3, 0] //= 2
    assert lazy_array(collected(grey, "coloured")).in_colour()


def test_where_they_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("GEDI_NESY_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "features"
    monkeypatch.setenv("GEDI_NESY_CACHE", "")
    assert cache_folder() is None
