"""Checkpoints: what comes back is what went in, and a file that is torn, foreign or flipped is named, not read."""

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gedi_nesy.files import digest, read_tensors
from gedi_nesy.training.durability import checkpoint

SETTINGS = {"learning_rate": 1e-3, "seeds": (0, 1)}


def state(number: int = 0) -> dict:
    generator = torch.Generator().manual_seed(number)
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "number": number,
        "weights": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
        "history": [0.1 + 0.2, 1e-320, None, "attempt 1", True, -(2**70)],
        "empty": [torch.empty(0, 4), {}, []],
        "half": torch.randn(3, 2, generator=generator).to(torch.bfloat16),
        "scalar": torch.tensor(3.5, dtype=torch.float64),
    }


def same(first, second) -> bool:
    """Equal bit for bit; tuples and lists are alike."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(same(a, b) for a, b in zip(first, second, strict=True))
    return type(first) is type(second) and first == second


def test_everything_comes_back_bit_for_bit(tmp_path):
    before = state()
    checkpoint.save(tmp_path / "new" / "folder", before, SETTINGS, {"commit": "abc"})
    after = checkpoint.load_latest(tmp_path / "new" / "folder", SETTINGS)
    assert same(before, after.state)
    assert after.about == {"commit": "abc"}
    assert after.warnings == []
    generator = torch.Generator()
    generator.set_state(after.state["generator"])
    assert torch.equal(
        torch.rand(9, generator=generator), torch.rand(9, generator=torch.Generator().manual_seed(0))
    )


def test_tensors_that_share_memory_are_each_kept(tmp_path):
    whole = torch.arange(6.0)
    checkpoint.save(tmp_path, {"a": whole, "b": whole[2:], "c": whole.view(2, 3).T}, SETTINGS)
    after = checkpoint.load_latest(tmp_path, SETTINGS).state
    assert same(after, {"a": whole, "b": whole[2:], "c": whole.view(2, 3).T.contiguous()})


def test_the_newest_is_read_and_the_last_few_are_kept(tmp_path):
    for number in range(5):
        checkpoint.save(tmp_path, state(number), SETTINGS, keep=2)
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "checkpoint-00000004.safetensors",
        "checkpoint-00000005.safetensors",
    ]
    assert checkpoint.load_latest(tmp_path, SETTINGS).state["number"] == 4
    checkpoint.remove(tmp_path)
    assert not tmp_path.exists()


def test_an_empty_folder_has_no_checkpoint(tmp_path):
    assert checkpoint.load_latest(tmp_path / "nowhere", SETTINGS) == (None, {}, None, [])


def test_other_settings_are_refused_by_name(tmp_path):
    checkpoint.save(tmp_path, state(), SETTINGS)
    checkpoint.load_latest(tmp_path, {"seeds": [0, 1], "learning_rate": 1e-3})
    with pytest.raises(ValueError, match=r"other settings: learning_rate was 0\.001, is 0\.1"):
        checkpoint.load_latest(tmp_path, SETTINGS | {"learning_rate": 0.1})


def test_every_kind_of_damage_is_named_and_the_one_before_is_taken(tmp_path):
    first, second = (checkpoint.save(tmp_path, state(number), SETTINGS) for number in range(2))
    whole = second.read_bytes()
    damages = [
        b"",
        whole[:5],
        whole[: len(whole) // 2],
        whole[:-1],
        whole + b"x",
        b"{}" * 50,
        os.urandom(500),
    ]
    for damage in damages:
        second.write_bytes(damage)
        loaded = checkpoint.load_latest(tmp_path, SETTINGS)
        assert loaded.file == first
        assert loaded.state["number"] == 0
        assert len(loaded.warnings) == 1
        assert str(second) in loaded.warnings[0]
        assert "the one before it is taken" in loaded.warnings[0]
    save_file({"weights": torch.ones(2)}, second)
    assert (
        "no checkpoint of this version (format None)"
        in checkpoint.load_latest(tmp_path, SETTINGS).warnings[0]
    )
    first.write_bytes(b"")
    loaded = checkpoint.load_latest(tmp_path, SETTINGS)
    assert loaded.state is None
    assert len(loaded.warnings) == 2
    assert "there is none before it" in loaded.warnings[1]


def test_a_flipped_bit_is_found_wherever_it_is(tmp_path):
    """Every byte of the file in turn; only padding between header and tensors may pass unseen, and changes nothing."""
    before = {"weights": torch.arange(5.0), "step": 7}
    file = checkpoint.save(tmp_path, before, SETTINGS)
    whole = file.read_bytes()
    unseen = 0
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        loaded = checkpoint.load_latest(tmp_path, SETTINGS)
        if loaded.state is not None:
            assert same(loaded.state, before)
            unseen += 1
    assert unseen < 8


@pytest.mark.parametrize("failing", ["open", "write", "fsync", "replace"])
def test_a_full_disk_loses_nothing_that_was_saved(tmp_path, monkeypatch, failing):
    first = checkpoint.save(tmp_path, state(0), SETTINGS, keep=1)
    whole = first.read_bytes()

    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class FullFile:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            self.file.write(data[:100])
            full()

    if failing == "open":
        monkeypatch.setattr(Path, "open", full)
    elif failing == "write":
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda self, mode: FullFile(opened(self, mode)))
    elif failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(
        checkpoint.CheckpointError, match=r"was not written: No space left .* before is intact"
    ):
        checkpoint.save(tmp_path, state(1), SETTINGS, keep=1)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [first]
    assert first.read_bytes() == whole


def test_a_limit_of_the_system_is_met_in_the_middle_of_a_file(tmp_path):
    """The kernel refuses the second half of the file, as on a disk that fills up while it is written."""
    first = checkpoint.save(tmp_path, state(0), SETTINGS, keep=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(checkpoint.CheckpointError, match="was not written: File too large"):
            checkpoint.save(tmp_path, {"large": torch.zeros(500_000)}, SETTINGS, keep=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == [first]
    assert checkpoint.load_latest(tmp_path, SETTINGS).state["number"] == 0


def test_killed_in_the_middle_of_writing(tmp_path, root):
    """A process ends itself by SIGKILL when half of the file is written; the next one cleans up and goes on."""
    checkpoint.save(tmp_path, state(0), SETTINGS)
    code = f"""
import os, signal, pathlib
from gedi_nesy.files import digest, read_tensors
from gedi_nesy.training.durability import checkpoint
opened = pathlib.Path.open
class Killed:
    def __init__(self, file): self.file = file
    def __enter__(self): return self
    def __exit__(self, *error): pass
    def write(self, data):
        self.file.write(data[: len(data) // 2]); self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.open = lambda self, mode: Killed(opened(self, mode))
checkpoint.save(pathlib.Path({str(tmp_path)!r}), {{"number": 1}}, {SETTINGS!r})
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    loaded = checkpoint.load_latest(tmp_path, SETTINGS)
    assert loaded.state["number"] == 0
    assert loaded.warnings == []
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint-00000001.safetensors"]


def test_keep_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="keep=0 must be at least 1"):
        checkpoint.save(tmp_path, {}, SETTINGS, keep=0)


def test_a_link_out_of_the_folder_is_passed_over(tmp_path):
    other = checkpoint.save(tmp_path / "other", state(0), SETTINGS)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / other.name).symlink_to(other)
    found = checkpoint.load_latest(tmp_path / "mine", SETTINGS)
    assert found.state is None
    assert "is a link that leads out of its folder; there is none before it" in found.warnings[0]


@pytest.mark.parametrize(
    "change",
    [
        {"settings": "[]"},
        {"settings": "{"},
        {"about": "3"},
        {"state": "{"},
        {"state": '{"__tensor__": "none"}'},
        {"state": '{"__tensor__": [1]}'},
        {"state": '{"__items__": 3}'},
        {"state": '{"__items__": [[[], 1]]}'},
        {"state": "[" * 100_000},
        {"state": "9" * 10_000},
        {"format": "another"},
    ],
)
def test_a_forged_checkpoint_is_passed_over(tmp_path, change):
    """Its checksum fits, and its content is none."""
    from safetensors.torch import save_file

    file = checkpoint.save(tmp_path, state(0), SETTINGS)
    metadata, tensors = read_tensors(file)
    metadata |= change
    metadata["sha256"] = digest({key: metadata[key] for key in checkpoint.HASHED}, tensors)
    save_file(tensors, file, metadata)
    found = checkpoint.load_latest(tmp_path, SETTINGS)
    assert found.state is None
    assert len(found.warnings) == 1
    assert "\n" not in found.warnings[0]
