"""Each method that is a term alone, through training: it learns, survives a kill, is copied, is shared by ranks."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.objectives.table import METHODS, TERMS
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability import snapshot
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.loop import Outcome
from gedi_nesy.training.records import Record
from tests.training.blobs import CLASSES, SMALL, blobs
from tests.training.ranks import launch

NAMES = {term.method: name for name, term in TERMS.items() if term.method is not None}
"""By method, its term."""


MOVING = {"DINO"}
"""Methods whose loss need not fall: centring makes the teacher's predictions, at first alike, less certain."""


class Killed(Exception):
    pass


def trained(folder=None, on_step=lambda record: None, **changes) -> Outcome:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(CLASSES, (80,), generator=generator)
    data = QuerySet(blobs(labels, generator), torch.empty(0, 1, dtype=torch.long), torch.arange(80))
    return learn(
        data,
        None,
        CLASSES,
        replace(TrainConfig(step=replace(SMALL, batch_unlabelled=32)), **changes),
        partial(ConvNet, image_size=16, width=8, num_features=16),
        start_rank=4,
        saver=folder and CheckpointManager(CheckpointConfig(folder=folder, seconds=0.0)),
        on_step=on_step,
    )


@pytest.fixture(scope="module", params=NAMES)
def whole(request) -> tuple[str, Outcome]:
    """A method, and a short run of it."""
    return request.param, trained(objective=METHODS[request.param], explore=15, refine=25)


def test_training_raises_the_term_and_moves_what_is_trained(whole):
    method, outcome = whole
    found = [record.terms[NAMES[method]] for record in outcome.history]
    if method not in MOVING:
        assert sum(found[-10:]) > sum(found[:10])
    assert all(record.terms["gen"] is None and record.terms["nesy"] is None for record in outcome.history)
    for head in outcome.learner.only.network.heads.values():
        assert all(parameter.grad is not None for parameter in head.parameters() if parameter.requires_grad)


@pytest.mark.parametrize("method", NAMES)
def test_any_method_takes_the_term_in_and_a_killed_run_goes_on_with_the_same_bits(method, tmp_path):
    """Beside L_GEN, L_INV and L_PRIOR; what the term keeps is part of the checkpoint."""
    objective = {**METHODS["GEDI"], NAMES[method]: 0.5}

    def dies(record: Record) -> None:
        if record.phase == "refine" and record.step == 3:
            raise Killed

    undisturbed = trained(objective=objective, explore=3, refine=6)
    with pytest.raises(Killed):
        trained(tmp_path, dies, objective=objective, explore=3, refine=6)
    parts = trained(tmp_path, objective=objective, explore=3, refine=6)
    assert undisturbed.history == parts.history
    ends = [outcome.learner.only.network.state_dict() for outcome in (undisturbed, parts)]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_a_clone_goes_on_alike_and_shares_nothing(whole):
    method, outcome = whole
    one, other = (outcome.learner.clone() for _ in range(2))
    before = {name: value.clone() for name, value in other.only.network.state_dict().items()}
    terms = one.step(None, METHODS[method], 1e-2)
    after = other.only.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert other.step(None, METHODS[method], 1e-2) == terms
    ends = [each.only.network.state_dict() for each in (one, other)]
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())
    assert not all(torch.equal(value, ends[0][name]) for name, value in before.items())


def test_what_a_rollback_restores_is_all_that_a_term_keeps(whole):
    method, outcome = whole
    learner = outcome.learner.clone()
    good = snapshot.take(outcome.learner)
    learner.step(None, METHODS[method], 1e-2)
    snapshot.restore(learner, good)
    ends = [each.only.network.state_dict() for each in (learner, outcome.learner)]
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


@pytest.fixture(scope="module")
def ranks(tmp_path_factory) -> list[dict]:
    """A step of each method on one process, and on two."""
    found = []
    for number in (1, 2):
        folder = tmp_path_factory.mktemp(f"{number} ranks")
        for code, output in launch(number, "methods", folder, *NAMES):
            assert code == 0, output
        found.append(torch.load(folder / "rank-0.pt"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("method", NAMES)
def test_two_ranks_compute_what_one_process_does(ranks, method):
    """What modules give is gathered: negatives, correlations and assignments are those of the whole batch."""
    alone, together = (each[method] for each in ranks)
    assert together["terms"] == pytest.approx(alone["terms"], abs=1e-5)
    largest = max(gradient.abs().max().item() for gradient in alone["gradients"].values())
    for name, gradient in alone["gradients"].items():
        assert torch.allclose(together["gradients"][name], gradient, rtol=1e-4, atol=3e-6 * largest), name
    for name, value in alone[
        "kept"
    ].items():  # of a teacher, a centre: as far as Adam's first step lets them be alike
        assert torch.allclose(together["kept"][name], value, rtol=1e-4, atol=1e-4), name
