"""The memory benchmark: stages in order, and bytes that stay bytes."""

import json

import pytest

from benchmarks.memory.child import peak_and_resident
from benchmarks.memory.config import MemoryConfig
from benchmarks.memory.run import BENCHMARK
from benchmarks.runner import loop

SMALL = {"images": 60, "image_size": 8, "queries": 20, "steps": 2}


def test_results_hold_every_stage(tmp_path, capfd):
    loop.run(BENCHMARK, MemoryConfig(**SMALL, device="cpu", out=tmp_path))
    document = json.loads((tmp_path / "results.json").read_text())
    rows = document["rows"]
    assert [row["stage"] for row in rows][::7] == ["Python has started", "all images are predicted"]
    peaks = [row["peak"] for row in rows]
    assert peaks == sorted(peaks)
    assert all(row["resident"] <= row["peak"] for row in rows)
    assert document["runs"][0]["metrics"]["peak_gb"] == peaks[-1] / 1e9
    assert "kept as uint8" in capfd.readouterr().out


def test_memory_that_is_touched_is_seen():
    peak, resident = peak_and_resident()
    held = bytearray(b"\1") * 200_000_000
    more_peak, more = peak_and_resident()
    assert more_peak >= peak
    assert more - resident > 150_000_000
    del held


@pytest.mark.slow
def test_no_second_copy_of_the_images_is_made(tmp_path):
    """92 MB of bytes would be 369 MB of floats; what training takes beside them stays the same."""
    growth = []
    for images in (1_000, 30_000):
        folder = tmp_path / str(images)
        loop.run(BENCHMARK, MemoryConfig(images=images, queries=20, steps=2, device="cpu", out=folder))
        rows = json.loads((folder / "results.json").read_text())["rows"]
        growth.append(rows[-1]["peak"] - rows[2]["peak"])
    assert growth[1] - growth[0] < 29_000 * 3072 + 150_000_000


@pytest.mark.parametrize("name", ["images", "channels", "image_size", "queries", "steps"])
def test_a_setting_that_does_not_fit_is_named(name):
    with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} 0 must be at least 1"):
        MemoryConfig(**{name: 0}).check()
