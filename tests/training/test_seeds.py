"""Streams that never meet: seeds of all keys differ, and what is learned begins with weights that are drawn apart."""

from functools import partial

import pytest
import torch

from gedi_nesy.errors import ConfigError
from gedi_nesy.learn import learn
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.seeds import streams
from tests.training.blobs import CLASSES, SMALL, pairs


def test_no_two_keys_share_a_seed():
    found = [seed for key in range(50) for attempt in range(20) for seed in streams(key, attempt)]
    assert len(set(found)) == 2000
    assert all(0 <= seed < 2**63 for seed in found)
    assert streams(3, 4) == streams(3, 4)


def test_initialisation_and_training_draw_from_separate_streams(generator, monkeypatch):
    """The generator of a learner does not give again the numbers that its weights were made of."""
    made: list[torch.Generator] = []
    init = Learner.__init__

    def remember(self, model, data, config, generator, *more) -> None:
        made.append(generator.clone_state())
        init(self, model, data, config, generator, *more)

    monkeypatch.setattr(Learner, "__init__", remember)
    seeds: list[int] = []
    monkeypatch.setattr(torch, "manual_seed", seeds.append)
    backbone = partial(ConvNet, image_size=16, width=8, num_features=16)
    learn(
        pairs(generator), None, CLASSES, TrainConfig(step=SMALL, explore=1, refine=1), backbone, start_rank=4
    )
    assert seeds == [streams(0, 0)[0]]
    assert made[0].initial_seed() == streams(0, 0)[1] != seeds[0]


def test_a_negative_seed_is_named():
    with pytest.raises(ConfigError, match="seed=-1 must not be negative"):
        streams(-1, 0)
