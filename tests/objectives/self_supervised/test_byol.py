"""BYOL's loss against a closed form and `lightly`; its teacher; what happens without its predictor."""

import pytest
import torch
import torch.nn.functional as F

from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.self_supervised.byol import Bootstrap, loss_byol, parts
from gedi_nesy.objectives.self_supervised.teacher import follow, teacher_of
from gedi_nesy.objectives.table import TERMS
from gedi_nesy.objectives.term import Pair, Seen


@pytest.mark.parametrize(("angle", "expected"), [(0.0, 0.0), (torch.pi / 3, 1.0), (torch.pi, 4.0)])
def test_it_is_the_squared_distance_on_the_sphere(angle, expected):
    """2 - 2 cos: 0 for the same direction, 1 at 60 degrees, 4 for the opposite one, whatever the lengths."""
    target = torch.tensor([[3.0, 0.0]], dtype=torch.float64)
    turned = 0.2 * torch.tensor([[1.0, 0.0]], dtype=torch.float64) @ rotation(angle)
    assert loss_byol(turned, target).item() == pytest.approx(expected, abs=1e-12)


def rotation(angle: float) -> torch.Tensor:
    turn = torch.tensor([[0.0, angle], [-angle, 0.0]], dtype=torch.float64)
    return torch.linalg.matrix_exp(turn)


def test_it_is_that_of_lightly(generator):
    loss = pytest.importorskip("lightly.loss")
    predicted, target = torch.randn(2, 9, 6, generator=generator)
    theirs = loss.NegativeCosineSimilarity()(predicted, target)
    assert loss_byol(predicted, target).item() == pytest.approx(2 + 2 * theirs.item(), rel=1e-5)


def test_the_target_is_a_constant(generator):
    predicted, target = torch.randn(2, 4, 3, generator=generator, requires_grad=True)
    by_target = torch.autograd.grad(loss_byol(predicted, target), target, allow_unused=True)
    assert by_target == (None,)


def test_several_models_are_each_alone(generator):
    predicted, target = torch.randn(2, 3, 5, 4, generator=generator)
    alone = torch.stack([loss_byol(*pair) for pair in zip(predicted, target, strict=True)])
    torch.testing.assert_close(loss_byol(predicted, target), alone)


def network(seed: int = 0) -> GEDI:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GEDI(ConvNet(image_size=8, width=8, num_features=6), 3)


def test_a_teacher_is_a_copy_that_no_optimizer_moves_and_follows_by_an_exponential_average():
    student = network()
    teacher = teacher_of(student)
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    begin = {name: value.clone() for name, value in teacher.state_dict().items()}
    moved = network(1)
    for _ in range(3):
        follow(teacher, moved, 0.9)
    for name, value in teacher.state_dict().items():
        expected = 0.9**3 * begin[name] + (1 - 0.9**3) * moved.state_dict()[name]
        torch.testing.assert_close(value, expected)
    assert all(torch.equal(value, student.state_dict()[name]) for name, value in begin.items())


def test_views_are_crossed_and_only_the_student_has_a_gradient(generator):
    """The prediction from x is compared with the target of x', and the other way round."""
    student = network()
    module = Bootstrap(student)
    images = torch.rand(2, 6, 1, 8, 8, generator=generator)
    pair = Pair(*(module.project(module(x, student.embed(x))) for x in images))
    seen = Seen(plain=torch.zeros(6, 3), augmented=torch.zeros(6, 3), outputs={"byol": pair})
    plain, augmented = (parts(rows) for rows in pair)
    cosines = F.cosine_similarity(plain.predicted, augmented.target).mean()
    cosines = cosines + F.cosine_similarity(augmented.predicted, plain.target).mean()
    loss = TERMS["byol"].loss(seen)
    assert loss.item() == pytest.approx(2 - cosines.item(), rel=1e-5)
    loss.backward()
    assert all(parameter.grad is not None for parameter in student.backbone.parameters())
    assert all(parameter.grad is None for parameter in module.teacher.parameters())


def spread(with_predictor: bool) -> float:
    """Training of a small network, and the spread of its normalised projections after it."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(64, 4, generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        student = torch.nn.Linear(4, 8)
        predictor = torch.nn.Linear(8, 8) if with_predictor else torch.nn.Identity()
    teacher = teacher_of(student)
    optimizer = torch.optim.Adam([*student.parameters(), *predictor.parameters()], lr=1e-2)
    for _ in range(300):
        noise = 0.3 * torch.randn(2, 64, 4, generator=generator)
        loss = loss_byol(predictor(student(points + noise[0])), teacher(points + noise[1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        follow(teacher, student, 0.9)
    with torch.no_grad():
        return F.normalize(student(points), dim=1).var(dim=0).sum().item()


def test_without_a_predictor_projections_collapse():
    assert spread(with_predictor=False) < 0.1
    assert spread(with_predictor=True) > 0.3
