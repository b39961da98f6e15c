"""Pools of features: standardised, paired with their neighbours, and learned from a rule by a linear head."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from gedi_nesy.learn import learn_task
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.tasks import FeaturePool, NetworkSpec, Queries, Task
from gedi_nesy.tasks.pools import pool_of
from gedi_nesy.tasks.prepare import prepare
from gedi_nesy.training.config import StepConfig, TrainConfig
from gedi_nesy.training.restarts import Untrained, learners

PROGRAM = """
nn(net, [X], Y, [0, 1, 2, 3]) :: kind(X, Y).
sum(A, B, N) :- kind(A, X), kind(B, Y), N is X + Y.
"""
CLASSES, DIMENSIONS, PAIRS = 4, 12, 60
CONFIG = TrainConfig(
    objective={**METHODS["GEDI"], "gen": 0.0},
    step=StepConfig(batch_size=16, batch_unlabelled=32, buffer_size=32, ema=0.9, learning_rate=0.02),
    attempts=1,
    cluster=40,
    explore=20,
    refine=10,
    naming_every=20,
    reconsider=0,
    warmup=5,
)


def draw(generator: Generator, num: int) -> tuple[Tensor, Tensor]:
    """Features in four groups, of very unlike scales, and which group."""
    kinds = torch.randint(CLASSES, (num,), generator=generator)
    centres = 2.5 * torch.randn(CLASSES, DIMENSIONS, generator=Generator().manual_seed(7))
    scales = torch.logspace(-1, 1, DIMENSIONS)
    return (centres[kinds] + torch.randn(num, DIMENSIONS, generator=generator)) * scales + 3.0, kinds


@pytest.fixture
def given(generator, tmp_path):
    """A task, and the groups of its features."""
    file = tmp_path / "sum.pl"
    file.write_text(PROGRAM)
    features, kinds = draw(generator, 2 * PAIRS + 20)
    pairs = torch.arange(2 * PAIRS).view(2, PAIRS)
    sums = (kinds[pairs[0]] + kinds[pairs[1]]).tolist()
    queries = [Queries(file, "sum(A, B, N)", {"A": pairs[0], "B": pairs[1]}, ("N", sums))]
    return Task(pools={"images": FeaturePool(features)}, queries=queries), kinds


def test_kinds_are_learned_from_their_sums_and_networks_take_features_as_they_come(given, generator):
    task, _ = given
    outcome = learn_task(task, CONFIG)
    unseen, kinds = draw(generator, 200)
    assert (outcome.models["net"].log_probs(unseen).argmax(dim=1) == kinds).float().mean() > 0.95
    assert outcome.verdict.verdict == "grounded"


def test_networks_are_shown_standardised_features(given):
    task, _ = given
    found = prepare(task, None)
    pool = task.pools["images"]
    assert isinstance(pool, FeaturePool)
    values = pool.values.double()
    expected = (values - values.mean(dim=0)) / values.std(dim=0, correction=0)
    shown = found.data.networks["net"].inputs
    torch.testing.assert_close(shown.double(), expected, atol=1e-5, rtol=1e-5)
    assert isinstance(found.backbones["net"](), FrozenFeatures)


def _nearest(features: Tensor, rows: list[int], count: int) -> dict[int, set[int]]:
    """By brute force, among these rows."""
    cosines = torch.nn.functional.cosine_similarity(features[:, None].double(), features.double(), dim=2)
    return {
        row: set(
            sorted((other for other in rows if other != row), key=lambda other: -cosines[row, other])[:count]
        )
        for row in rows
    }


@pytest.mark.parametrize("extra", [None, []])
def test_positive_pairs_are_neighbours_among_what_is_shown(given, generator, extra):
    task, _ = given
    task = replace(task, networks={"net": NetworkSpec(extra=extra)})
    found = prepare(task, None)
    untrained = {"net": Untrained(found.backbones["net"], CLASSES, 0)}
    learner = learners(found.data, untrained, found.log_prob, CONFIG, 0)(0)
    rows = list(range(2 * PAIRS + (20 if extra is None else 0)))
    near = _nearest(task.pools["images"].values, rows, len(rows) // (4 * CLASSES))
    index = torch.tensor(rows)
    for _ in range(5):
        images, others = learner.only.views(generator, index)
        assert torch.equal(images, found.data.networks["net"].inputs[index])
        paired = (others[:, None] == found.data.networks["net"].inputs).all(dim=2).int().argmax(dim=1)
        assert all(other in near[row] for row, other in zip(rows, paired.tolist(), strict=True))


def test_neighbours_that_are_given_are_taken(given):
    task, _ = given
    pool = task.pools["images"]
    near = torch.zeros(len(pool), 1, dtype=torch.int32)
    task = replace(task, pools={"images": FeaturePool(pool.values, neighbours=near)})
    assert prepare(task, None).data.networks["net"].neighbours is near


def test_features_of_16_bits_are_those_of_32(given):
    task, _ = given
    values = task.pools["images"].values.half()
    short, long = (pool_of("images", FeaturePool(each), None).inputs for each in (values, values.float()))
    assert torch.equal(short, long)


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (
            FeaturePool(torch.zeros(4, 3, dtype=torch.uint8)),
            "features must be finite floats, found torch.uint8",
        ),
        (FeaturePool(torch.zeros(4, 3, 2)), r"features must be finite floats, found .* of shape \(4, 3, 2\)"),
        (FeaturePool(torch.full((4, 3), torch.nan)), "features must be finite floats"),
        (FeaturePool(torch.rand(4, 3), FrozenFeatures(5)), "features of 3 numbers, and the backbone has 5"),
        (FeaturePool(torch.rand(4, 3), None, torch.zeros(3, 2)), r"neighbours of shape \(3, 2\) for 4 rows"),
    ],
)
def test_what_is_no_pool_of_features_is_said_in_a_line(pool, message):
    with pytest.raises(ValueError, match=message):
        pool_of("images", pool, None)
