"""Files of tensors: what is written is the same for the same content, and safetensors reads it."""

import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load

from gedi_nesy import files
from gedi_nesy.files import to_bytes


def test_the_same_content_is_the_same_bytes(tmp_path):
    tensors = {"b": torch.arange(3.0), "a": torch.ones(2, 1, dtype=torch.float64), "empty": torch.empty(0)}
    metadata = {name: f'{{"name": "{name} \u00fc"}}' for name in "zyxwvutsrqp"}
    data = to_bytes(tensors, metadata)
    for order in (metadata, dict(reversed(metadata.items()))):
        assert {to_bytes(tensors, order) for _ in range(5)} == {data}
    assert all(torch.equal(value, tensors[name]) for name, value in load(data).items())
    (tmp_path / "file.safetensors").write_bytes(data)
    with safe_open(tmp_path / "file.safetensors", "pt") as file:
        assert file.metadata() == metadata
    assert int.from_bytes(data[:8], "little") % 8 == 0


def test_text_that_never_ends_does_not_fill_the_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "MOST_TEXT", 10 << 20)
    if Path("/dev/zero").exists():
        with pytest.raises(OSError, match="it is longer than 10 MiB"):
            files.read_text("/dev/zero")
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert files.read_text(tmp_path / "text") == "a\nb\nc\n"


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path):
    """Such as --out /dev/stdout: renamed over, the device would be gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.write_whole(pipe, b"a,b\n")
    assert os.read(reader, 100) == b"a,b\n"
    os.close(reader)
    assert pipe.is_fifo()
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]
