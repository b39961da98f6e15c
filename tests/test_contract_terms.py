"""What every term and every method promises; a new row of the tables is held to it by being listed."""

import pytest
import torch
from torch import Generator, Tensor, nn

from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.table import METHODS, TERMS, checked, joint, losses, modules
from gedi_nesy.objectives.term import Pair, Seen

BATCH, SAMPLES, CLUSTERS, SHAPE, FEATURES = 6, 4, 3, (1, 4, 4), 5


def logits(seed: int, rows: int = BATCH, models: tuple[int, ...] = ()) -> Tensor:
    generator = Generator().manual_seed(seed)
    return torch.randn(*models, rows, CLUSTERS, generator=generator, dtype=torch.float64)


def constraint(log_probs: Tensor) -> Tensor:
    """Neighbours differ: log P of three queries over two images each."""
    first, second = log_probs[0::2].exp(), log_probs[1::2].exp()
    return (1 - (first * second).sum(dim=1)).log()


def made(names: list[str], seed: int = 0) -> dict[str, nn.Module]:
    """The modules of these terms, as a step makes them."""
    generator = Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = GEDI(ConvNet(image_size=SHAPE[-1], width=8, num_features=FEATURES), CLUSTERS)
    found = modules(dict.fromkeys(names, 1.0), network, generator)
    return {name: module.double() for name, module in found.items()}


def seen(parts: dict[str, nn.Module], **changed: object) -> Seen:
    """A step's tensors; logits require gradients."""
    generator = Generator().manual_seed(7)
    images = torch.rand(2, BATCH, *SHAPE, generator=generator, dtype=torch.float64)
    embeddings = torch.randn(2, BATCH, FEATURES, generator=generator, dtype=torch.float64)
    outputs = {
        name: Pair(*(module(x, z) for x, z in zip(images, embeddings, strict=True)))
        for name, module in parts.items()
    }
    tensors = {
        "plain": logits(0).requires_grad_(),
        "augmented": logits(1).requires_grad_(),
        "samples": logits(2, SAMPLES),
        "constraint": constraint,
        "outputs": joint(parts, outputs),
    }
    return Seen(**(tensors | changed))


def gradients(loss: Tensor, step: Seen, parts: dict[str, nn.Module]) -> list[Tensor]:
    """By the logits and by what the terms' modules train; those that the loss does not reach are left out."""
    trained = [p for module in parts.values() for p in module.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, [step.plain, step.augmented, *trained], allow_unused=True)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("name", TERMS)
def test_a_term_is_finite_and_has_a_gradient(name):
    parts = made([name])
    step = seen(parts)
    loss = TERMS[name].loss(step)
    assert loss.shape == ()
    assert loss.isfinite()
    found = gradients(loss, step, parts)
    assert found
    assert all(each.isfinite().all() for each in found)
    assert any(each.abs().sum() > 0 for each in found)


@pytest.mark.parametrize("name", TERMS)
def test_a_term_is_finite_where_predictions_are_one_hot(name):
    """Logits 60 nats apart: what training ends with."""
    parts = made([name])
    certain = 60.0 * nn.functional.one_hot(torch.arange(BATCH) % CLUSTERS).double()
    step = seen(parts, plain=certain.clone().requires_grad_(), augmented=certain.clone().requires_grad_())
    loss = TERMS[name].loss(step)
    assert loss.isfinite()
    assert all(each.isfinite().all() for each in gradients(loss, step, parts))


@pytest.mark.parametrize("name", TERMS)
def test_a_term_follows_its_generator(name):
    values = [TERMS[name].loss(seen(made([name], seed))) for seed in (0, 0)]
    assert torch.equal(*values)


@pytest.mark.parametrize("name", TERMS)
def test_a_term_reaches_no_sampler(name):
    """Samples are constants of L_GEN, and logits of them may have a gradient only by the network's weights."""
    parts = made([name])
    step = seen(parts, samples=logits(2, SAMPLES).requires_grad_())
    loss = TERMS[name].loss(step)
    (found,) = torch.autograd.grad(loss, [step.samples], allow_unused=True)
    assert (found is not None) == ("samples" in TERMS[name].needs)


@pytest.mark.parametrize(
    "name", [name for name, term in TERMS.items() if "queries" not in term.needs and term.module is None]
)
def test_a_term_of_several_models_is_that_of_each(name):
    """Leading axes are models, which share nothing."""
    many = Seen(
        plain=logits(0, models=(2,)), augmented=logits(1, models=(2,)), samples=logits(2, SAMPLES, (2,))
    )
    together = TERMS[name].loss(many)
    alone = [
        TERMS[name].loss(Seen(plain=plain, augmented=augmented, samples=samples))
        for plain, augmented, samples in zip(many.plain, many.augmented, many.samples, strict=True)
    ]
    torch.testing.assert_close(together, torch.stack(alone))


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_a_finite_loss_with_a_gradient(method):
    objective = METHODS[method]
    parts = made([name for name, weight in objective.items() if weight])
    step = seen(parts)
    total, reported = losses(checked(objective), step)
    assert total.isfinite()
    assert all(value.isfinite() and not value.requires_grad for value in reported.values())
    assert any(each.abs().sum() > 0 for each in gradients(total, step, parts))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_cannot_be_is_one_line(method, value):
    name = next(iter(METHODS[method]))
    with pytest.raises(ValueError, match=f"weight_{name}={value}") as error:
        checked(METHODS[method] | {name: value})
    assert "\n" not in str(error.value)


def test_a_term_there_is_not_is_one_line():
    with pytest.raises(ValueError, match="'invariance'") as error:
        checked({"invariance": 1.0})
    assert "\n" not in str(error.value)
    assert all(name in str(error.value) for name in TERMS)
