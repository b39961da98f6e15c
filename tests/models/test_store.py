"""Model folders: what was saved is what was trained, also where the process died while it saved."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gedi_nesy import GEDI
from gedi_nesy.files import WriteError
from gedi_nesy.models.encoders import MLP, ResNet8
from tests.models.small import refused, small


def test_a_model_comes_back_in_eval_mode(tmp_path):
    model = small()
    assert model.training
    model.save(tmp_path)
    assert not any(module.training for module in GEDI.load(tmp_path).modules())
    assert model.training


def test_loading_leaves_torchs_random_numbers_alone(tmp_path):
    small().save(tmp_path)
    before = torch.random.get_rng_state()
    GEDI.load(tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())


def test_tied_weights_are_saved_once_and_come_back_tied(tmp_path, generator):
    model = small()
    first, second = model.backbone.layers[2], model.backbone.layers[4]
    second.weight = first.weight
    model.save(tmp_path)
    assert "backbone.layers.4.weight" not in load_file(tmp_path / "model.safetensors")
    again = GEDI.load(tmp_path)
    assert again.backbone.layers[4].weight is again.backbone.layers[2].weight
    x = torch.rand(5, 2, generator=generator)
    assert torch.equal(again(x), model.eval()(x))
    assert len(list(again.parameters())) == len(list(model.parameters()))


class Shared(nn.Module):
    """A part that stands at two places, and a buffer that is a view of a weight."""

    input_shape, num_features, config = (4,), 4, {}

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.again = self.layer
        self.register_buffer("view", self.layer.weight.detach()[0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.again(self.layer(x)) + self.view


def test_shared_modules_and_shared_memory(tmp_path, generator):
    model = GEDI(Shared(), 2)
    model.save(tmp_path)
    again = GEDI.load(tmp_path, backbone=Shared())
    x = torch.rand(5, 4, generator=generator)
    assert torch.equal(again(x), model(x))
    assert again.backbone.again.weight is again.backbone.layer.weight


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_type_of_the_weights_comes_back(tmp_path, dtype):
    model = small().to(dtype)
    model.save(tmp_path)
    again = GEDI.load(tmp_path)
    assert {value.dtype for value in again.state_dict().values()} == {dtype}
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_the_quick_layout_of_a_resnet_comes_back(tmp_path):
    GEDI(ResNet8(width=8), 2).save(tmp_path)
    weight = GEDI.load(tmp_path).backbone.block1[2].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_folders_from_before_load(tmp_path, generator):
    """Weights without metadata, and a config without what came later."""
    model = small(start_rank=2)
    (tmp_path / "old").mkdir()
    save_file(model.state_dict(), tmp_path / "old" / "model.safetensors")
    config = {key: value for key, value in model.config.items() if key not in ("activation", "standardised")}
    (tmp_path / "old" / "config.json").write_text(json.dumps(config))
    x = torch.rand(5, 2, generator=generator)
    assert torch.equal(GEDI.load(tmp_path / "old")(x), model(x))


def test_the_weights_alone_are_a_model(tmp_path, generator):
    """As where a first save was cut short."""
    model = small(tau=0.5)
    model.save(tmp_path)
    (tmp_path / "config.json").unlink()
    x = torch.rand(5, 2, generator=generator)
    assert torch.equal(GEDI.load(tmp_path)(x), model(x))


def test_weights_and_config_are_both_asked_for(tmp_path):
    assert "no GEDI model here (model.safetensors is missing)" in refused(tmp_path)
    save_file(small().state_dict(), tmp_path / "model.safetensors")
    assert "no GEDI model here (config.json is missing)" in refused(tmp_path)


def test_a_config_edited_by_hand_is_told_and_does_not_count(tmp_path):
    small(tau=0.5).save(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(small(tau=0.25).config))
    with pytest.warns(UserWarning, match="differs from the config in"):
        assert GEDI.load(tmp_path).tau == 0.5


CRASH = """
import os, sys
from gedi_nesy import GEDI
from gedi_nesy.models.encoders import MLP

def save(folder, call, stop):
    real = getattr(os, call)
    def crash(*arguments, **named):
        nonlocal stop
        stop -= 1
        if stop < 0:
            os._exit(9)
        return real(*arguments, **named)
    setattr(os, call, crash)
    GEDI(MLP(hidden=(3, 3), num_features=3), 3, tau=0.125).save(folder)
    os._exit(0)

# a process for each crash; torch is loaded once
for stop in range(5):
    child = os.fork()
    if child == 0:
        save(f"{sys.argv[1]}/{stop}", sys.argv[2], stop)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_crash_while_saving_leaves_a_model(tmp_path, root, call):
    """Killed before any of the writes and renames, the folder holds the old model or the new one."""
    for stop in range(5):
        small(tau=0.5).save(tmp_path / str(stop))
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path), call],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    codes = [int(line) for line in done.stdout.splitlines()]
    assert codes == sorted(codes, reverse=True)
    assert set(codes) == {9, 0}, "killed within, and after the last of them"
    for stop, code in enumerate(codes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *arguments, **named: None)  # old config.json, new weights
            tau = GEDI.load(tmp_path / str(stop)).tau
        assert tau in (0.5, 0.125)
        if code == 0 or stop >= 2 - (call == "replace"):
            assert tau == 0.125


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform == "darwin", reason="no folder that is always full")
def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match=r"was not written: .*; what was saved before is intact"):
        small().save(tmp_path / "file" / "model")


def test_a_backbone_of_ones_own_is_held_against_the_weights(tmp_path):
    GEDI(Shared(), 2).save(tmp_path)
    assert "backbone.again.bias belongs to another" in refused(tmp_path, backbone=MLP())
