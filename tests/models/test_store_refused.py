"""Model folders that another program wrote, or nobody should have: what is wrong is one line, and nothing runs."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gedi_nesy import GEDI
from tests.models.small import GOOD, refused, small


def test_deviations_of_zero_are_refused(tmp_path):
    state = small(standardised=True).state_dict() | {"input_std": torch.zeros(2, dtype=torch.float64)}
    save_file(state, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(GOOD | {"standardised": True}))
    assert "deviations that are not positive" in refused(tmp_path)


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
