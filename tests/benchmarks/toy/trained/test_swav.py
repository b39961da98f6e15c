"""SwAV on points: networks that learn alone as in company, and go on where they stood."""

import copy
import math

import torch

from benchmarks.toy.trained.swav import SETTINGS, Setting, SwAV
from gedi_nesy.training.vectorized.config import VectorizedConfig

DATA = torch.randn(2, 60, 2, generator=torch.Generator().manual_seed(0))


def learner(seeds: list[int], iterations: int = 60, setting: Setting = SETTINGS[0]) -> SwAV:
    config = VectorizedConfig(iterations=iterations, batch_size=16, batch_samples=16)
    return SwAV(DATA[seeds], 2, [torch.Generator().manual_seed(seed) for seed in seeds], config, setting)


def test_it_learns_the_same_alone_and_in_company():
    def trained(seeds: list[int]) -> torch.Tensor:
        swav = learner(seeds)
        swav.run_block()
        return swav.scores(DATA[seeds])

    assert torch.equal(trained([1])[0], trained([0, 1])[1])


def test_one_that_diverges_leaves_the_others_as_they_are():
    alone, together = learner([1]), learner([0, 1])
    with torch.no_grad():
        together.prototypes[0, 0] = math.nan
    for swav in (alone, together):
        swav.run_block()
    assert together.diverged_at.tolist() == [50, 0]
    assert torch.equal(alone.scores(DATA[[1]])[0], together.scores(DATA)[1])
    again = learner([0, 1])
    again.load_state(copy.deepcopy(together.state()))
    assert again.diverged.tolist() == [True, False]


def test_it_goes_on_bit_for_bit():
    whole, stopped, other = learner([0, 1]), learner([0, 1]), learner([0, 1])
    whole.run_block()
    whole.run_block()
    stopped.run_block()
    other.load_state(copy.deepcopy(stopped.state()))
    other.run_block()
    assert (whole.step, other.step) == (60, 60)
    assert torch.equal(whole.scores(DATA), other.scores(DATA))


def test_a_prediction_of_one_network_is_that_of_the_stack():
    swav = learner([0, 1])
    assert torch.equal(swav.predict(DATA[[1]], 1)[0], swav.predict(DATA)[1])


def test_settings_differ_and_the_usual_one_is_first():
    assert SETTINGS[0] == (0.1, 1e-3, 0.05)
    assert len(set(SETTINGS)) == len(SETTINGS)
