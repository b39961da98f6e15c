"""Settings of a step that the paper's runs need: one direction, noise on the data, and the optimizer's decays."""

from dataclasses import replace

import pytest
import torch

from gedi_nesy.learn import learn
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.training.config import StepConfig, TrainConfig
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.schedule import learning_rate
from tests.training.blobs import SMALL, learner, objective, pairs


def still(generator: torch.Generator, images: torch.Tensor) -> torch.Tensor:
    return 1.0 - images.square()


def shown(generator: torch.Generator, config: StepConfig) -> Learner:
    """A learner whose x' is another image, and without queries."""
    found = learner(pairs(generator), config=config)
    found.only.shown = found.only.shown._replace(augment=still)
    return found


def test_in_one_direction_the_terms_are_those_of_the_paper(generator):
    one = shown(generator, replace(SMALL, both_views=False))
    seen = {}
    one.model.register_forward_hook(lambda module, args, output: seen.update(logits=output.detach()))
    found = one.step(None, objective(gen=0.0), 1e-3)
    plain, augmented = seen["logits"].log_softmax(dim=1).chunk(2)
    assert found["inv"] == pytest.approx(-float(loss_inv(plain, augmented)), rel=1e-5)
    assert found["inv"] != pytest.approx(-float(loss_inv(augmented, plain)), rel=1e-5)
    assert found["prior"] == pytest.approx(-float(loss_prior(plain)), rel=1e-5)


def test_noise_is_added_to_both_views_and_is_not_the_same(generator):
    exact, noisy = (
        shown(generator.clone_state(), replace(SMALL, data_noise_std=std, batch_samples=1))
        for std in (0.0, 0.03)
    )
    found = []
    for each in (exact, noisy):
        each.model.register_forward_hook(lambda module, args, output: found.append(args[0].detach()))
        each.step(None, objective(gen=0.0), 1e-3)
    first, second = (found[1] - found[0]).chunk(2)
    for noise in (first, second):
        error = 0.03 / (2 * noise.numel()) ** 0.5
        assert noise.std().item() == pytest.approx(0.03, abs=4 * error)
        assert abs(noise.mean().item()) < 4 * 0.03 / noise.numel() ** 0.5
    assert torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1].abs() < 0.05


def test_the_decays_reach_the_optimizer_and_a_constant_rate_stays(generator):
    one = shown(generator, replace(SMALL, betas=(0.9, 0.999)))
    assert {group["betas"] for group in one.optimizer.param_groups} == {(0.9, 0.999)}
    config = TrainConfig(schedule="constant", refine=100)
    assert {
        learning_rate(config, phase, step) for phase in ("explore", "refine") for step in (0, 50, 99)
    } == {1e-3}


@pytest.mark.parametrize(("field", "value"), [("betas", (0.9, 1.0)), ("data_noise_std", -0.1)])
def test_bad_settings_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        StepConfig(**{field: value})


def test_a_hidden_layer_and_features_first_do_not_go_together(generator):
    with pytest.raises(ValueError, match="hidden=8"):
        learn(pairs(generator), None, 2, hidden=8, pretrain=PretrainConfig(steps=2))
