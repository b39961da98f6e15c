"""Folders of image files: what is read, in which order, at which size, and what is said of the rest."""

import io
import resource
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.folder import MAX_SIDE, common_size, read_folder


def grey(seed: int, height: int = 6, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=(height, width), dtype=np.uint8)


def write(file: Path, array: np.ndarray, **options) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)


@pytest.mark.parametrize(("ending", "exact"), [("png", 1), ("tiff", 1), ("bmp", 1), ("webp", 1), ("jpg", 0)])
def test_pixels_come_back(tmp_path, ending, exact):
    pixels = np.kron(grey(0), np.ones((4, 4), dtype=np.uint8))
    write(tmp_path / f"a.{ending}", pixels, **({"lossless": True} if ending == "webp" else {}))
    found = read_folder(tmp_path)
    assert found.names == [f"a.{ending}"]
    assert found.inputs.dtype == torch.uint8
    assert tuple(found.inputs.shape) == (1, 1, 24, 32)
    difference = np.abs(found.inputs[0, 0].numpy().astype(int) - pixels)
    assert difference.max() == 0 if exact else difference.mean() < 8


def test_subfolders_are_read_in_the_order_of_names_and_others_are_passed_over(tmp_path):
    for number, name in enumerate(("b/2.png", "a.png", "b/1.PNG", ".hidden/c.png", "b/._1.png")):
        write(tmp_path / name, grey(number))
    (tmp_path / "notes.txt").write_text("x")
    found = read_folder(tmp_path)
    assert found.names == ["a.png", "b/1.PNG", "b/2.png"]
    for image, number in zip(found.inputs, (1, 2, 0), strict=True):
        assert np.array_equal(image[0].numpy(), grey(number))
    assert any("1 files of other kinds passed over: .txt" in note for note in found.notes)


def test_what_cannot_be_read_is_named_and_leaves_no_gap(tmp_path):
    for number in range(4):
        write(tmp_path / f"{number}.png", grey(number, 40, 40))
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[:300])
    (tmp_path / "2.jpg").write_text("no image at all")
    (tmp_path / "3.bmp").write_bytes(b"")
    found = read_folder(tmp_path)
    assert found.names == ["0.png", "2.png", "3.png"]
    assert np.array_equal(found.inputs[1, 0].numpy(), grey(2, 40, 40))
    assert [name for name, _ in found.left_out] == ["1.png", "2.jpg", "3.bmp"]
    (said,) = (note for note in found.notes if "left out" in note)
    assert said.startswith("3 unreadable files left out: 1.png (")
    assert "2.jpg (no image)" in said


def test_orientation_is_honoured(tmp_path):
    """Value 6: the first row is the picture's right side."""
    pixels = np.kron(grey(0, 3, 4), np.ones((8, 8), dtype=np.uint8))
    tags = Image.Exif()
    tags[0x0112] = 6
    for name in ("a.jpg", "b.png"):
        write(tmp_path / name, pixels, exif=tags.tobytes(), **({"quality": 98} if name == "a.jpg" else {}))
    found = read_folder(tmp_path)
    assert tuple(found.inputs.shape[2:]) == (32, 24)
    upright = np.rot90(pixels, k=-1).astype(int)
    assert np.array_equal(found.inputs[1, 0].numpy(), upright)
    assert np.abs(found.inputs[0, 0].numpy() - upright).mean() < 3


def test_modes_are_brought_to_one_and_it_is_said(tmp_path):
    colour = np.random.default_rng(0).integers(256, size=(6, 8, 3), dtype=np.uint8)
    write(tmp_path / "colour.png", colour)
    write(tmp_path / "grey.png", grey(1))
    Image.fromarray(np.array(grey(2), dtype=np.uint16) * 257).save(tmp_path / "deep.png")
    clear = np.dstack([colour, np.zeros((6, 8), dtype=np.uint8)])
    write(tmp_path / "clear.png", clear)
    Image.fromarray(colour).quantize(256).save(tmp_path / "palette.png")
    Image.fromarray(colour).convert("CMYK").save(tmp_path / "print.tiff")
    (Image.fromarray(grey(3)).point(lambda v: 255 * (v > 127))).convert("1").save(tmp_path / "bits.png")
    found = read_folder(tmp_path)
    images = dict(zip(found.names, found.inputs, strict=True))
    assert np.array_equal(images["colour.png"].permute(1, 2, 0).numpy(), colour)
    assert (images["clear.png"] == 255).all()
    for name, expected in (("grey.png", grey(1)), ("deep.png", grey(2)), ("bits.png", 255 * (grey(3) > 127))):
        assert all(np.array_equal(channel.numpy(), expected) for channel in images[name])
    assert np.array_equal(images["palette.png"].permute(1, 2, 0).numpy(), colour)
    assert "4 in colour and 3 grey: all are read as colour" in found.notes
    assert "1 with transparency: put on white" in found.notes
    assert read_folder(tmp_path, channels=1).inputs.shape[1] == 1


def test_colour_that_is_grey_everywhere_is_one_channel(tmp_path):
    write(tmp_path / "a.png", np.dstack([grey(0)] * 3))
    found = read_folder(tmp_path)
    assert np.array_equal(found.inputs[0].numpy(), grey(0)[None])
    assert "all were grey in three channels" in found.notes[0]


def test_the_size_is_the_commonest_and_the_others_follow_it(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}.png", grey(number))
    write(tmp_path / "flat.png", np.full((12, 40), 90, dtype=np.uint8))
    found = read_folder(tmp_path)
    assert tuple(found.inputs.shape[2:]) == (6, 8)
    assert (found.inputs[3] == 90).all()
    assert (
        "sizes in the files: 8x6 (3), 40x12 (1); scaled, and cropped at the centre, to 8x6" in found.notes[1]
    )
    assert tuple(read_folder(tmp_path, size=(5, 5)).inputs.shape[2:]) == (5, 5)
    with pytest.raises(DataError, match="size=0x5: height and width must be at least 1"):
        read_folder(tmp_path, size=(0, 5))


def test_large_images_are_scaled_down_and_none_has_all_alike():
    assert common_size([(200, 400)] * 3) == (MAX_SIDE // 2, MAX_SIDE)
    assert common_size([(10, 10), (20, 30), (40, 30), (31, 50)]) == (25, 25)


def test_a_decompression_bomb_is_refused_before_it_takes_memory(tmp_path):
    """Two megabytes of zeros that claim to be 60,000 x 60,000 pixels."""
    small = io.BytesIO()
    Image.new("L", (8, 6)).save(small, "PNG")
    data = bytearray(small.getvalue())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(data)
    Image.new("1", (9000, 9000)).save(tmp_path / "wide.png")
    write(tmp_path / "good.png", grey(0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_folder(tmp_path)
    assert found.names == ["good.png"]
    assert [name for name, _ in found.left_out] == ["bomb.png", "wide.png"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("ending", ["png", "jpg", "tiff", "bmp", "webp"])
def test_damaged_files_are_left_out_or_read(tmp_path, ending):
    """Whatever bytes are changed, reading goes on to the next file."""
    random = np.random.default_rng(0)
    write(tmp_path / f"whole.{ending}", np.dstack([grey(0, 20, 20)] * 3))
    whole = (tmp_path / f"whole.{ending}").read_bytes()
    for number in range(60):
        data = bytearray(whole)
        for place in random.integers(len(data), size=3):
            data[place] = random.integers(256)
        (tmp_path / f"{number}.{ending}").write_bytes(data[: random.integers(1, len(data) + 1)])
    found = read_folder(tmp_path)
    assert f"whole.{ending}" in found.names
    assert len(found.names) + len(found.left_out) == 61


def test_a_folder_without_images_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"no image that can be read .*it is empty"):
        read_folder(tmp_path)
    (tmp_path / "a.png").write_text("x")
    (tmp_path / "b.pdf").write_text("x")
    with pytest.raises(
        DataError, match=r"1 unreadable files left out: a\.png \(no image\); 1 files of other"
    ):
        read_folder(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_folder(tmp_path / "none")
