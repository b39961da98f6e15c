"""Model folders: what was saved is what was trained, and what is not a model is said in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gedi_nesy import GEDI
from gedi_nesy.errors import GediNesyError
from gedi_nesy.files import WriteError
from gedi_nesy.models.encoders import MLP, ResNet8
from gedi_nesy.models.stored_config import FORMAT, ModelError


def small(**options) -> GEDI:
    return GEDI(MLP(hidden=(3, 3), num_features=3), 3, **options)


def refused(folder: Path, **options) -> str:
    """Why the folder is no model: one line."""
    with pytest.raises(ModelError) as caught:
        GEDI.load(folder, **options)
    assert isinstance(caught.value, GediNesyError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def test_deviations_of_zero_are_refused(tmp_path):
    state = small(standardised=True).state_dict() | {"input_std": torch.zeros(2, dtype=torch.float64)}
    save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(GOOD | {"standardised": True}))
    assert "deviations that are not positive" in refused(tmp_path)


def test_a_config_edited_by_hand_is_told_and_does_not_count(tmp_path):
    small(tau=0.5).save(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(small(tau=0.25).config))
    with pytest.warns(UserWarning, match="differs from the config in"):
        assert GEDI.load(tmp_path).tau == 0.5


CRASH = """
import os, sys
from gedi_nesy import GEDI, files
from gedi_nesy.models.encoders import MLP
model = GEDI(MLP(hidden=(3, 3), num_features=3), 3, tau=0.125)
stop, real = int(sys.argv[2]), os.{call}
def crash(*arguments, **named):
    global stop
    stop -= 1
    if stop < 0:
        os._exit(9)
    return real(*arguments, **named)
os.{call} = crash
model.save(sys.argv[1])
"""


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_crash_while_saving_leaves_a_model(tmp_path, root, call):
    """Killed before any of the writes and renames, the folder holds the old model or the new one."""
    for stop in range(5):
        folder = tmp_path / str(stop)
        small(tau=0.5).save(folder)
        done = subprocess.run(
            [sys.executable, "-c", CRASH.format(call=call), str(folder), str(stop)], cwd=root, check=False
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *arguments, **named: None)  # old config.json, new weights
            tau = GEDI.load(folder).tau
        assert done.returncode in (0, 9)
        assert tau == (0.125 if done.returncode == 0 or stop >= 2 - (call == "replace") else tau)
        assert tau in (0.5, 0.125)
        if done.returncode == 0:
            return


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform == "darwin", reason="no folder that is always full")
def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match=r"was not written: .*; what was saved before is intact"):
        small().save(tmp_path / "file" / "model")


HEAD = {"num_clusters": 3, "tau": 1.0, "hidden": None, "activation": "silu", "start_rank": 0}
BACKBONE = {"backbone": "MLP", "backbone_config": {"hidden": [3, 3], "num_features": 3}}
GOOD = {"format": FORMAT, **HEAD, **BACKBONE}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_clusters": None}, "num_clusters=null cannot be used"),
        ({"num_clusters": True}, "num_clusters=true cannot be used"),
        ({"num_clusters": 3.0}, "num_clusters=3.0 cannot be used"),
        ({"num_clusters": "3"}, 'num_clusters="3" cannot be used'),
        ({"num_clusters": 10**12}, "num_clusters=1000000000000 cannot be used"),
        ({"num_clusters": 10**7}, "output.weight is (3, 3), not (10000000, 3)"),
        ({"num_clusters": 1}, "num_clusters=1 must be at least 2"),
        ({"num_clusters": 4}, "is (3, 3), not (4, 3)"),
        ({"tau": 0}, "tau=0.0 must be positive"),
        ({"tau": float("nan")}, "tau=NaN cannot be used"),
        ({"tau": [1.0]}, "tau=[1.0] cannot be used"),
        ({"hidden": -3}, "hidden=-3 must be at least 1"),
        ({"hidden": 5}, "projector.0.bias is missing"),
        ({"activation": "import os"}, "activation='import os' is not one of"),
        ({"start_rank": 10**7}, "start_factors is missing"),
        ({"backbone": "Foreign"}, "backbone 'Foreign' is not ours; pass it as backbone="),
        ({"backbone": ["MLP"]}, "is not ours"),
        ({"backbone": "../../MLP"}, "is not ours"),
        ({"backbone": None}, "is not ours"),
        ({"backbone_config": None}, "its backbone_config holds no arguments: null"),
        ({"backbone_config": {"self": 1}}, "has 'self', which nothing takes"),
        ({"backbone_config": {"return": None}}, "has 'return', which nothing takes"),
        ({"backbone_config": {"x\ny": 1}}, "which nothing takes"),
        ({"backbone_config": {"hidden": [[3]]}}, "hidden=[[3]] cannot be used"),
        ({"backbone_config": {"hidden": []}}, "hidden=() needs at least one layer"),
        ({"backbone_config": {"hidden": [0, 3]}}, "hidden=0 must be at least 1"),
        ({"backbone_config": {"hidden": [2**24] * 2, "num_features": 3}}, "is (3, 2), not (16777216, 2)"),
        ({"backbone_config": {"hidden": [3] * 10_000}}, "is missing"),
        ({"backbone_config": {"input_gain": float("inf")}}, "input_gain=Infinity cannot be used"),
        (
            {"backbone": "ConvNet", "backbone_config": {"width": 2**24, "image_size": 2**24}},
            "asks for an impossible",
        ),
        ({"format": "another"}, "not a model of this version"),
        ({"standardised": 1}, "standardised=1 cannot be used"),
        ({"standardised": True}, "input_mean is missing"),
    ],
)
def test_a_foreign_config_is_one_line(tmp_path, change, message):
    """As another program would write it: the weights are fine, and nothing is built before they agree."""
    save_file(small().state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(GOOD | change))
    assert message in refused(tmp_path)


@pytest.mark.parametrize("name", list(GOOD))
def test_a_config_that_lacks_something(tmp_path, name):
    small().save(tmp_path)
    save_file(small().state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({k: v for k, v in GOOD.items() if k != name}))
    if name == "activation":  # older models have none
        GEDI.load(tmp_path)
    else:
        assert name in refused(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "damaged, line 1"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"[]", "not a model of this version"),
        (b"[" * 60_000, "damaged"),
        (b"1" * 10_000, "damaged"),
        (b" " * 70_000, "more than 65,536 characters"),
    ],
)
def test_a_config_that_is_no_config(tmp_path, text, message):
    small().save(tmp_path)
    (tmp_path / "config.json").write_bytes(text)
    assert message in refused(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state["output.bias"].fill_(torch.nan), "output.bias holds values that are not finite"),
        (lambda state: state.update({"output.bias": torch.zeros(3, dtype=torch.int64)}), "is torch.int64"),
        (lambda state: state.update({"output.bias": torch.zeros(3, dtype=torch.complex64)}), "is torch.complex64"),
        (lambda state: state.update({"output.bias": torch.zeros(3).to(torch.float8_e5m2)}), "is torch.float8_e5m2"),
        (lambda state: state.update({"output.bias": torch.zeros(3, 1)}), "is (3, 1), not (3,)"),
        (lambda state: state.update({"more": torch.zeros(3)}), "more belongs to another"),
        (lambda state: state.pop("output.bias"), "output.bias is missing"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit(tmp_path, change, message):
    small().save(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    change(state)
    save_file(state, tmp_path / "model.safetensors")
    assert message in refused(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_no_file_outside_the_folder_is_read(tmp_path, name):
    small().save(tmp_path / "one")
    small().save(tmp_path / "two")
    (tmp_path / "one" / name).unlink()
    (tmp_path / "one" / name).symlink_to(tmp_path / "two" / name)
    assert "a link that leads out of its folder is not followed" in refused(tmp_path / "one")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_waited_for(tmp_path, name, make):
    small().save(tmp_path)
    (tmp_path / name).unlink()
    make(tmp_path / name)
    assert "is not a file" in refused(tmp_path)


def test_nothing_is_unpickled(tmp_path):
    """A pickle that would leave a mark stands where the weights should."""

    class Mark:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    import pickle

    small().save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(pickle.dumps(Mark()))
    assert "no weights of this model" in refused(tmp_path)
    torch.save({"a": Mark()}, tmp_path / "model.safetensors")
    assert "no weights of this model" in refused(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_backbone_of_ones_own_is_held_against_the_weights(tmp_path):
    GEDI(Shared(), 2).save(tmp_path)
    assert "backbone.again.bias belongs to another" in refused(tmp_path, backbone=MLP())
