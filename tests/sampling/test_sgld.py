"""Langevin dynamics against a density it must reproduce: a skewed one, since a Gaussian hides a wrong sign."""

import math

import pytest
import torch

from gedi_nesy.sampling import sgld


def gumbel_energy(x: torch.Tensor) -> torch.Tensor:
    """E(x) = x + exp(-x): mean 0.5772 (Euler's constant), variance pi^2 / 6, skewed to the right."""
    return (x + torch.exp(-x))[:, 0]


def test_langevin_samples_a_skewed_density(generator):
    config = sgld.SGLDConfig(num_steps=600, step_size=0.02, noise=None)
    start = sgld.init(torch.zeros(20000, 1, dtype=torch.float64))
    state, _ = sgld.sample(generator, start, gumbel_energy, config)
    draws = state.position[:, 0]
    error = math.sqrt(math.pi**2 / 6 / len(draws))
    # the discretisation adds a bias of the order of the step size
    assert draws.mean().item() == pytest.approx(0.5772, abs=4 * error + 0.02)
    assert draws.var().item() == pytest.approx(math.pi**2 / 6, rel=0.06)
    assert ((draws - draws.mean()) ** 3).mean() > 1.0


def test_one_step_is_the_formula(generator):
    config = sgld.SGLDConfig(num_steps=1, step_size=0.5, noise=0.1)
    position = torch.tensor([[1.0], [-2.0]])
    state, info = sgld.step(generator, sgld.init(position), lambda x: (x**2).sum(dim=1), config)
    normal = torch.randn(2, 1, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(state.position, position - 0.5 * 2 * position + 0.1 * normal)
    assert torch.equal(info.energy, torch.tensor([1.0, 4.0]))
    assert info.gradient_norm.item() == 3.0


def test_no_gradient_reaches_the_parameters_or_the_start(generator):
    layer = torch.nn.Linear(3, 1)
    start = torch.randn(4, 3, generator=generator)
    state, _ = sgld.sample(
        generator, sgld.init(start), lambda x: layer(x)[:, 0], sgld.SGLDConfig(num_steps=3)
    )
    assert layer.weight.grad is None
    assert not state.position.requires_grad
    assert not start.requires_grad


def test_bounds_hold(generator):
    config = sgld.SGLDConfig(num_steps=5, step_size=10.0, noise=1.0, bounds=(0.0, 1.0))
    state, _ = sgld.sample(generator, sgld.init(torch.rand(8, 2)), lambda x: x.sum(dim=1), config)
    assert state.position.min() >= 0
    assert state.position.max() <= 1


@pytest.mark.parametrize("leading", [(), (3,)])
def test_a_move_is_the_formula_and_no_longer_than_allowed(generator, leading):
    """Chains of one model or of several; images, whose length is that of all their pixels."""
    position, gradient, normal = torch.randn(3, *leading, 5, 1, 2, 2, generator=generator).unbind()
    axes = len(leading) + 1
    free = position - 0.5 * gradient + 0.1 * normal
    moved = sgld.langevin_move(position, gradient, normal, 0.5, 0.1, chain_axes=axes)
    assert torch.equal(moved, free)
    unbounded = sgld.langevin_move(
        position, gradient, normal, 0.5, 0.1, max_move=torch.tensor(math.inf), chain_axes=axes
    )
    assert torch.equal(unbounded, free)
    bounded = sgld.langevin_move(
        position, gradient, 0 * normal, 0.5, 0.1, max_move=0.3, bounds=(-1.0, 1.0), chain_axes=axes
    )
    lengths = (0.5 * gradient).flatten(axes).norm(dim=-1)
    shares = (0.3 / lengths).clamp(max=1.0).view(*lengths.shape, 1, 1, 1)
    torch.testing.assert_close(bounded, (position - shares * 0.5 * gradient).clamp(-1, 1))


def test_no_gradient_is_no_move():
    still = torch.zeros(2, 3)
    moved = sgld.langevin_move(still, still, still, 1.0, 1.0, max_move=torch.tensor([[math.inf], [0.1]]))
    assert torch.equal(moved, still)


def test_a_bounded_sampler_takes_bounded_moves(generator):
    config = sgld.SGLDConfig(num_steps=1, step_size=1e6, noise=0.0, max_move=0.25)
    state, _ = sgld.sample(
        generator, sgld.init(torch.randn(6, 2, generator=generator)), lambda x: x.sum(dim=1), config
    )
    again, _ = sgld.sample(generator, state, lambda x: x.sum(dim=1), config)
    assert (again.position - state.position).norm(dim=1).tolist() == pytest.approx([0.25] * 6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_steps", 0),
        ("step_size", 0.0),
        ("step_size", -1.0),
        ("noise", -0.1),
        ("max_move", 0.0),
        ("max_move", math.nan),
    ],
)
def test_bad_settings_are_named(field, value):
    with pytest.raises(ValueError, match=f"{field}={value}"):
        sgld.SGLDConfig(**{field: value})


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (0.0, 0.0), (math.nan, 1.0)])
def test_bad_bounds_are_named(bounds):
    with pytest.raises(ValueError, match="bounds="):
        sgld.SGLDConfig(bounds=bounds)


def test_frozen_parameters_ask_for_gradients_again_afterwards():
    module = torch.nn.Linear(2, 1)
    module.bias.requires_grad_(False)

    def fail() -> None:
        with sgld.frozen(module):
            assert not any(parameter.requires_grad for parameter in module.parameters())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert module.weight.requires_grad
    assert not module.bias.requires_grad


def test_a_sample_is_its_steps_one_by_one(generator):
    config = sgld.SGLDConfig(num_steps=4, step_size=0.3, noise=0.2, bounds=(-1.0, 1.0))
    start = sgld.init(torch.randn(5, 1, generator=generator))
    other = generator.clone_state()
    sampled, info = sgld.sample(generator, start, gumbel_energy, config)
    state = start
    for _ in range(4):
        state, last = sgld.step(other, state, gumbel_energy, config)
    assert torch.equal(sampled.position, state.position)
    assert torch.equal(info.energy, last.energy)
    assert info.gradient_norm == last.gradient_norm
