"""Sinkhorn-Knopp and SwAV's loss against their definitions and `lightly`; what a collapse costs."""

import math

import pytest
import torch
import torch.nn.functional as F

from gedi_nesy.objectives.self_supervised.heads import cosines
from gedi_nesy.objectives.self_supervised.swav import loss_swav, sinkhorn
from gedi_nesy.objectives.table import TERMS
from gedi_nesy.objectives.term import Pair, Seen


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
    for temperature, sharpness in ((0.1, 0.05), (0.3, 0.2)):
        targets = sinkhorn(other, sharpness)[0]
        expected = F.cross_entropy(scores[0] / temperature, targets)
        found = loss_swav(scores, other, temperature, sharpness)
        assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    # equal scores say nothing: even assignments, and a loss of log 3 at any setting
    assert loss_swav(scores * 0, scores * 0).item() == pytest.approx(math.log(3))


def test_it_is_that_of_lightly(generator):
    loss = pytest.importorskip("lightly.loss")
    views = [F.normalize(torch.randn(12, 5, generator=generator), dim=1) for _ in range(2)]
    theirs = loss.SwaVLoss(temperature=0.2, sinkhorn_epsilon=0.1)(views, [])
    mine = 0.5 * (loss_swav(*views, 0.2, 0.1) + loss_swav(views[1], views[0], 0.2, 0.1))
    assert mine.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_one_cluster_for_all_costs_as_if_there_were_no_prediction(generator):
    """Equal rows get even assignments, so the cross-entropy is that of the uniform distribution: at least log 3."""
    collapsed = torch.tensor([[1.0, 0.0, 0.0]]).expand(6, 3)
    assert loss_swav(collapsed, collapsed).item() > math.log(3) + 1
    one_each = torch.eye(3).repeat(2, 1)
    assert loss_swav(one_each, one_each).item() < 0.001


def test_assignments_are_constants(generator):
    scores, other = torch.randn(2, 6, 3, generator=generator, requires_grad=True)
    assert torch.autograd.grad(loss_swav(scores, other), other, allow_unused=True) == (None,)


def test_several_models_are_each_alone(generator):
    scores, other = torch.randn(2, 3, 5, 4, generator=generator)
    alone = torch.stack([loss_swav(*pair) for pair in zip(scores, other, strict=True)])
    torch.testing.assert_close(loss_swav(scores, other), alone)


def test_the_term_is_the_mean_of_both_directions(generator):
    views = Pair(*torch.randn(2, 8, 3, generator=generator))
    seen = Seen(plain=views.plain, augmented=views.augmented, outputs={"swav": views})
    expected = 0.5 * (loss_swav(*views) + loss_swav(*reversed(views)))
    assert TERMS["swav"].loss(seen).item() == pytest.approx(expected.item())


def test_scores_are_cosines(generator):
    features, directions = torch.randn(4, 3, generator=generator), torch.randn(2, 3, generator=generator)
    expected = F.cosine_similarity(features[:, None], directions[None], dim=2)
    torch.testing.assert_close(cosines(features, directions), expected)
