"""DINO's loss against closed forms and `lightly`; its centre and teacher; what centring and sharpening each prevent."""

import math

import pytest
import torch

from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.self_supervised.dino import CentredTeacher, loss_dino, parts
from gedi_nesy.objectives.self_supervised.heads import NUM_PROTOTYPES
from gedi_nesy.objectives.table import TERMS
from gedi_nesy.objectives.term import Pair, Seen


def test_scores_that_say_nothing_cost_the_log_of_their_number():
    scores = torch.zeros(6, 5, dtype=torch.float64)
    assert loss_dino(scores, scores).item() == pytest.approx(math.log(5))


def test_a_certain_teacher_costs_the_students_surprise(generator):
    scores = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    teacher = 100 * torch.eye(5, dtype=torch.float64)[[0, 1, 2, 3, 4, 0]]
    expected = torch.nn.functional.cross_entropy(scores / 0.1, teacher.argmax(dim=1))
    assert loss_dino(scores, teacher).item() == pytest.approx(expected.item())


def test_it_is_that_of_lightly(generator):
    loss = pytest.importorskip("lightly.loss")
    student, teacher = torch.randn(2, 2, 9, 6, generator=generator)
    theirs = loss.DINOLoss(output_dim=6, teacher_temp=0.07, student_temp=0.2)
    theirs.center.data.copy_(torch.randn(6, generator=generator))
    centred = teacher - theirs.center[0]
    mine = [loss_dino(student[1 - i], centred[i], 0.2, 0.07) for i in range(2)]
    expected = theirs([*teacher], [*student])
    assert (sum(mine) / 2).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_teacher_is_a_constant(generator):
    scores, teacher = torch.randn(2, 6, 3, generator=generator, requires_grad=True)
    assert torch.autograd.grad(loss_dino(scores, teacher), teacher, allow_unused=True) == (None,)


def test_several_models_are_each_alone(generator):
    scores, teacher = torch.randn(2, 3, 5, 4, generator=generator)
    alone = torch.stack([loss_dino(*pair) for pair in zip(scores, teacher, strict=True)])
    torch.testing.assert_close(loss_dino(scores, teacher), alone)


def test_the_centre_follows_the_teachers_scores_and_is_taken_from_them(generator):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = GEDI(ConvNet(image_size=8, width=8, num_features=6), 3)
        module = CentredTeacher(network)
    views = torch.rand(2, 6, 1, 8, 8, generator=generator)

    def rows() -> Pair:
        return Pair(*(module.project(module(x, network.embed(x))) for x in views))

    first = rows()
    raw = torch.stack([parts(view).teacher for view in first])  # nothing was taken from them yet
    module.after_step(network, first)
    expected = 0.1 * raw.mean(dim=(0, 1))
    assert module.centre.shape == (NUM_PROTOTYPES,)
    torch.testing.assert_close(module.centre, expected)
    second = rows()  # student and teacher are alike as yet
    torch.testing.assert_close(torch.stack([parts(view).teacher for view in second]), raw - expected)
    module.after_step(network, second)
    torch.testing.assert_close(module.centre, 0.9 * expected + 0.1 * raw.mean(dim=(0, 1)))
    seen = Seen(plain=torch.zeros(6, 3), augmented=torch.zeros(6, 3), outputs={"dino": second})
    plain, augmented = (parts(view) for view in second)
    crossed = loss_dino(plain.student, augmented.teacher) + loss_dino(augmented.student, plain.teacher)
    assert TERMS["dino"].loss(seen).item() == pytest.approx(crossed.item() / 2)


def test_without_centring_one_prototype_for_all_costs_nothing_and_with_it_all_that_can_be():
    collapsed = 2.0 * torch.eye(4)[[0]].expand(8, 4)
    assert loss_dino(collapsed, collapsed).item() == pytest.approx(0, abs=1e-6)
    centred = collapsed - collapsed.mean(dim=0)  # the centre has come to where all are
    assert loss_dino(torch.zeros(8, 4), centred).item() == pytest.approx(math.log(4))
    assert loss_dino(collapsed, centred).item() > 10
