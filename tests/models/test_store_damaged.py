"""Random damage to model folders: they load as what was saved, or say in one line why not."""

import random
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gedi_nesy import GEDI
from gedi_nesy.models.encoders import MLP
from gedi_nesy.models.stored_config import ModelError
from tests.mutations import damage


@pytest.mark.parametrize("number", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_a_damaged_model_is_refused_or_what_it_was(tmp_path, generator, number):
    model = GEDI(MLP(hidden=(3, 3), num_features=3), 3, start_rank=2)
    x = torch.rand(4, 2, generator=generator)
    refused = 0
    for seed in range(number):
        folder = tmp_path / str(seed)
        model.save(folder)
        rng = random.Random(seed)
        file = folder / rng.choice(["model.safetensors", "config.json"])
        refused += survives(folder, damage(file, rng), model(x), x)
    assert refused > number / 2


@pytest.mark.parametrize("number", [20, pytest.param(500, marks=pytest.mark.slow)])
def test_a_damaged_folder_of_an_older_version(tmp_path, number):
    """Without a checksum weights may load that are not what was saved; all else is refused in one line."""
    model = GEDI(MLP(hidden=(3, 3), num_features=3), 3, start_rank=2)
    for seed in range(number):
        folder = tmp_path / str(seed)
        model.save(folder)
        save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors")
        rng = random.Random(seed)
        survives(folder, damage(folder / rng.choice(["model.safetensors", "config.json"]), rng), None, None)


def survives(folder: Path, how: str, right: torch.Tensor | None, x: torch.Tensor | None) -> bool:
    """Whether the folder is refused; if it is not, its answers are right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a config.json that differs from the weights' own
        try:
            again = GEDI.load(folder)
        except ModelError as error:
            line = str(error)
        else:
            assert right is None or torch.equal(again(x), right), how
            return False
    assert "\n" not in line, how
    assert line.startswith(str(folder)), how
    return True
