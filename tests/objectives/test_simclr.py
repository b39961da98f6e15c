"""SimCLR's loss against a closed form, brute force and `lightly`; the term through training."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.objectives.simclr import loss_simclr
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.loop import Outcome
from gedi_nesy.training.records import Record
from tests.training.blobs import CLASSES, SMALL, blobs
from tests.training.ranks import launch


def test_orthogonal_images_with_equal_views():
    """s is 1 for the partner and 0 for the 2n - 2 others: log(e^(1/t) + 2n - 2) - 1/t."""
    views = 7.0 * torch.eye(5, dtype=torch.float64)
    for temperature in (0.1, 0.5, 2.0):
        expected = math.log(math.exp(1 / temperature) + 8) - 1 / temperature
        assert loss_simclr(views, views, temperature).item() == pytest.approx(expected)


def test_collapsed_projections_cost_the_log_of_the_number_of_others():
    views = torch.ones(6, 3, dtype=torch.float64)
    assert loss_simclr(views, views).item() == pytest.approx(math.log(11))


def test_it_is_the_formula_term_by_term(generator):
    first, second = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    views = [view / view.norm() for view in (*first, *second)]
    costs = []
    for i, view in enumerate(views):
        weights = [math.exp(view @ other / 0.5) for other in views]
        costs.append(-math.log(weights[(i + 4) % 8] / (sum(weights) - weights[i])))
    assert loss_simclr(first, second).item() == pytest.approx(sum(costs) / 8)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_it_is_that_of_lightly(generator, temperature):
    loss = pytest.importorskip("lightly.loss")
    first, second = torch.randn(2, 9, 6, generator=generator)
    theirs = loss.NTXentLoss(temperature=temperature)(first, second)
    assert loss_simclr(first, second, temperature).item() == pytest.approx(theirs.item(), rel=1e-5)


def test_several_models_are_each_alone(generator):
    first, second = torch.randn(2, 3, 5, 4, generator=generator)
    together = loss_simclr(first, second)
    alone = torch.stack([loss_simclr(*pair) for pair in zip(first, second, strict=True)])
    torch.testing.assert_close(together, alone)


def test_gradients(generator):
    views = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda views: loss_simclr(*views), views)


class Killed(Exception):
    pass


def trained(folder=None, on_step=lambda record: None, **changes) -> Outcome:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(CLASSES, (80,), generator=generator)
    data = QuerySet(blobs(labels, generator), torch.empty(0, 1, dtype=torch.long), torch.arange(80))
    config = TrainConfig(
        objective=METHODS["SimCLR"], step=replace(SMALL, batch_unlabelled=32), explore=30, refine=30
    )
    return learn(
        data,
        None,
        CLASSES,
        replace(config, **changes),
        partial(ConvNet, image_size=16, width=8, num_features=16),
        start_rank=4,
        saver=folder and CheckpointManager(CheckpointConfig(folder=folder, seconds=0.0)),
        on_step=on_step,
    )


def values(history: list[Record]) -> list[float]:
    return [record.terms["simclr"] or math.nan for record in history]


def test_training_lowers_the_loss_and_trains_the_head():
    outcome = trained()
    found = values(outcome.history)
    assert sum(found[-10:]) > sum(found[:10]) + 10 * 0.5
    assert all(record.terms["gen"] is None and record.terms["nesy"] is None for record in outcome.history)
    head = outcome.learner.only.network.heads["simclr"]
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_any_method_takes_the_term_in(tmp_path):
    """Beside L_GEN, L_INV and L_PRIOR, and killed in the middle: the same bits, those of the head included."""
    objective = {**METHODS["GEDI"], "simclr": 0.5}

    def dies(record: Record) -> None:
        if record.phase == "refine" and record.step == 3:
            raise Killed

    whole = trained(objective=objective, explore=4, refine=8)
    with pytest.raises(Killed):
        trained(tmp_path, dies, objective=objective, explore=4, refine=8)
    parts = trained(tmp_path, objective=objective, explore=4, refine=8)
    assert whole.history == parts.history
    ends = [outcome.learner.only.network.state_dict() for outcome in (whole, parts)]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_a_clone_has_a_head_of_its_own():
    one = trained(explore=1, refine=1).learner
    other = one.clone()
    other.step(None, METHODS["SimCLR"], 1e-2)
    mine, its = (learner.only.network.heads["simclr"].layers[0].weight for learner in (one, other))
    assert not torch.equal(mine, its)


def test_two_ranks_compute_what_one_process_does(tmp_path):
    """The projections of all ranks are gathered: negatives are those of the whole batch."""
    for ranks in (1, 2):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        for code, output in launch(ranks, "method", folder, "SimCLR"):
            assert code == 0, output
    alone, together = (torch.load(tmp_path / str(ranks) / "rank-0.pt") for ranks in (1, 2))
    assert together["terms"] == pytest.approx(alone["terms"], abs=1e-5)
    for name, gradient in alone["gradients"].items():
        assert torch.allclose(together["gradients"][name], gradient, rtol=1e-4, atol=1e-6), name
