"""SwAV on points: Sinkhorn-Knopp, its loss, and networks that learn alone as in company and go on where they stood."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F

from benchmarks.toy.trained.swav import SETTINGS, Setting, SwAV, sinkhorn, swapped
from gedi_nesy.training.vectorized.config import VectorizedConfig

DATA = torch.randn(2, 60, 2, generator=torch.Generator().manual_seed(0))


def learner(seeds: list[int], iterations: int = 60, setting: Setting = SETTINGS[0]) -> SwAV:
    config = VectorizedConfig(iterations=iterations, batch_size=16, batch_samples=16)
    return SwAV(DATA[seeds], 2, [torch.Generator().manual_seed(seed) for seed in seeds], config, setting)


def test_sinkhorn_evens_the_columns(generator):
    scores = torch.rand(2, 30, 3, generator=generator)
    plan = sinkhorn(scores * 0.1)
    assert torch.allclose(plan.sum(dim=2), torch.ones(2, 30))
    assert torch.allclose(plan.sum(dim=1), torch.full((2, 3), 10.0), atol=0.1)
    # scaling rows and columns leaves the cross ratios of exp(scores / 0.05)
    ratio = plan[0, 0, 0] * plan[0, 1, 1] / (plan[0, 0, 1] * plan[0, 1, 0])
    expected = 2.0 * (scores[0, 0, 0] + scores[0, 1, 1] - scores[0, 0, 1] - scores[0, 1, 0])
    assert ratio.log().item() == pytest.approx(expected.item(), abs=1e-4)


def test_the_loss_is_the_cross_entropy_of_the_other_views_assignments(generator):
    scores, other = (2 * torch.rand(1, 8, 3, generator=generator) - 1 for _ in range(2))
    for setting in (Setting(), Setting(0.3, 1e-3, 0.2)):
        targets = sinkhorn(other, setting.sharpness)[0]
        expected = F.cross_entropy(scores[0] / setting.temperature, targets)
        assert swapped(scores, other, setting).item() == pytest.approx(expected.item(), rel=1e-5)
    # equal scores say nothing: even assignments, and a loss of log 3 at any setting
    assert swapped(scores * 0, scores * 0, Setting()).item() == pytest.approx(math.log(3))


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
