"""Queries with answers, and images whose symbol is known: what they add to the terms and to the search of names."""

from typing import ClassVar

import pytest
import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.evaluation import evaluate
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.permutation.step import permute_clusters
from tests.training.blobs import objective

CLUSTERS = 3


class Flat(torch.nn.Module):
    """A backbone whose features are its inputs."""

    input_shape = (1, 1, CLUSTERS)
    num_features = CLUSTERS
    config: ClassVar[dict] = {}

    def forward(self, x):
        return x.flatten(1)


def model() -> GEDI:
    """A network whose logits are its inputs."""
    network = GEDI(Flat(), CLUSTERS)
    with torch.no_grad():
        network.output.weight.copy_(torch.eye(CLUSTERS))
        network.output.bias.zero_()
    return network


def images(symbols: list[int], sharpness: float = 4.0) -> torch.Tensor:
    """Inputs that are read as these symbols, with a logit of `sharpness`."""
    return sharpness * torch.eye(CLUSTERS)[torch.tensor(symbols)][:, None, None]


def sums(blocks: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """log P(a + b = answer)."""
    joint = blocks[0].exp()[:, :, None] * blocks[1].exp()[:, None, :]
    place = torch.arange(CLUSTERS)[:, None] + torch.arange(CLUSTERS)
    return (joint * (place == answers[:, None, None])).sum(dim=(1, 2)).log()


def learner(data: QuerySet, monkeypatch) -> Learner:
    monkeypatch.setattr("gedi_nesy.augmentation.warp.warp", lambda generator, images, config: images)
    config = StepConfig(batch_size=2, batch_samples=1, buffer_size=1)
    return Learner(model(), data, config, torch.Generator().manual_seed(0))


@pytest.fixture
def data() -> QuerySet:
    """Images of 0, 1, 2, 1; queries 0 + 1 = 1 and 2 + 1 = 3; the last image has a (wrong) label."""
    return QuerySet(
        images([0, 1, 2, 1]),
        torch.tensor([[0, 1], [2, 3]]),
        torch.empty(0, dtype=torch.long),
        answers=torch.tensor([1, 3]),
        labelled=torch.tensor([3]),
        labels=torch.tensor([2]),
    )


def test_the_terms_are_those_of_the_answers_and_of_the_labels(data, monkeypatch):
    terms = evaluate(learner(data, monkeypatch), sums, objective())
    p = torch.softmax(images([0, 1, 2, 1])[:, 0, 0], dim=1).double()
    first = p[0, 0] * p[1, 1] + p[0, 1] * p[1, 0]
    second = p[2, 2] * p[3, 1] + p[2, 1] * p[3, 2]
    expected = 0.5 * (first.log() + second.log()) + p[3, 2].log()
    assert terms["nesy"] == pytest.approx(expected.item(), abs=1e-5)
    assert terms["satisfaction"] == pytest.approx(0.5 * (first + second).item(), abs=1e-5)


def test_a_step_raises_what_it_is_told(data, monkeypatch):
    """The label is wrong, and so contradicts a query; what both ask for together still rises."""
    taught = learner(data, monkeypatch)
    before = evaluate(taught, sums, objective())["nesy"]
    for _ in range(20):
        taught.step(sums, objective(gen=0.0, inv=0.0, prior=0.0), 0.05)
    assert evaluate(taught, sums, objective())["nesy"] > before + 0.5


def test_names_follow_labels_where_queries_do_not_care(monkeypatch):
    """a + b is the same with 0 and 2 swapped in pairs (0, 2); one label decides."""
    generator = torch.Generator().manual_seed(0)
    tuples = torch.randint(0, 2, (40, 2), generator=generator)
    tuples = torch.stack([tuples[:, 0], 1 - tuples[:, 0]], dim=1)
    for label in (0, 2):
        data = QuerySet(
            images([0, 2]),
            tuples,
            torch.empty(0, dtype=torch.long),
            answers=torch.full((40,), 2),
            labelled=torch.tensor([0]),
            labels=torch.tensor([label]),
        )
        named = learner(data, monkeypatch)
        permute_clusters(named, sums)
        assert named.model.log_probs(images([0, 2])).argmax(dim=1).tolist() == [label, 2 - label]
