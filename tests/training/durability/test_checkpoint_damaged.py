"""Random damage to checkpoints: the newest whole one is taken, and nothing is lost that was whole."""

import random

import pytest
import torch

from gedi_nesy.training.durability import checkpoint
from tests.mutations import damage

SETTINGS = {"width": 3, "rates": [0.1, 0.2]}


@pytest.mark.parametrize("number", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, number):
    passed = 0
    for seed in range(number):
        folder, rng = tmp_path / str(seed), random.Random(seed)
        for step in range(2):
            tree = {"step": step, "weights": torch.full((3, 2), float(step)), "history": [{1: "a"}, None]}
            file = checkpoint.save(folder, tree, SETTINGS, {"commit": "abc"})
        how = damage(file, rng)
        found = checkpoint.load_latest(folder, SETTINGS)
        assert found.state is not None, how
        step = found.state["step"]
        assert step == 1 - len(found.warnings), how
        assert torch.equal(found.state["weights"], torch.full((3, 2), float(step))), how
        assert found.state["history"] == [{1: "a"}, None], how
        assert all("\n" not in line for line in found.warnings), how
        passed += len(found.warnings)
    assert passed > 0.8 * number
