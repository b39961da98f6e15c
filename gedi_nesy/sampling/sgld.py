"""Stochastic gradient Langevin dynamics on the input of an energy."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, nn

from gedi_nesy.types import Energies, Inputs, Scalar

EnergyFn = Callable[[Inputs], Energies]


@dataclass(frozen=True, kw_only=True)
class SGLDConfig:
    """x <- x - step_size * dE/dx + noise * N(0, 1), `num_steps` times; with `bounds`, then clamped to them.

    `noise=None` is Langevin's own sqrt(2 * step_size), under which the chain samples exp(-E) as the step goes to
    zero; image EBMs use a smaller one, that is, they sample at a low temperature.
    """

    num_steps: int = 20
    step_size: float = 1.0
    noise: float | None = 0.01
    bounds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ValueError(f"num_steps={self.num_steps} must be at least 1")
        if self.step_size <= 0:
            raise ValueError(f"step_size={self.step_size} must be positive")
        if self.noise is not None and self.noise < 0:
            raise ValueError(f"noise={self.noise} must not be negative")

    @property
    def noise_scale(self) -> float:
        return math.sqrt(2.0 * self.step_size) if self.noise is None else self.noise


class SGLDState(NamedTuple):
    """Where the chains are."""

    position: Inputs


class SGLDInfo(NamedTuple):
    """What a step saw, before it moved: reported, never carried."""

    energy: Energies
    gradient_norm: Scalar


def init(position: Inputs) -> SGLDState:
    """Chains that start at `position`."""
    return SGLDState(position.detach())


def step(
    generator: Generator, state: SGLDState, energy_fn: EnergyFn, config: SGLDConfig
) -> tuple[SGLDState, SGLDInfo]:
    """One Langevin step of every chain; no gradient reaches the parameters of `energy_fn`."""
    energies, gradient = _gradient(state.position, energy_fn)
    moved = _moved(generator, state.position, gradient, config)
    return SGLDState(moved), SGLDInfo(energies, gradient.flatten(1).norm(dim=1).mean())


def sample(
    generator: Generator, state: SGLDState, energy_fn: EnergyFn, config: SGLDConfig
) -> tuple[SGLDState, SGLDInfo]:
    """`config.num_steps` steps; the info is the last step's."""
    for _ in range(config.num_steps - 1):
        _, gradient = _gradient(state.position, energy_fn)
        state = SGLDState(_moved(generator, state.position, gradient, config))
    return step(generator, state, energy_fn, config)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Inside, no parameter asks for a gradient: forward passes keep nothing that only weight gradients need."""
    asking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for parameter in asking:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in asking:
            parameter.requires_grad_(True)


def _gradient(position: Inputs, energy_fn: EnergyFn) -> tuple[Energies, Inputs]:
    position = position.detach().requires_grad_(True)
    with torch.enable_grad():
        energies = energy_fn(position)
        (gradient,) = torch.autograd.grad(energies.sum(), position)
    return energies.detach(), gradient


def _moved(generator: Generator, position: Inputs, gradient: Inputs, config: SGLDConfig) -> Inputs:
    normal = torch.randn(position.shape, generator=generator, device=position.device, dtype=position.dtype)
    moved = position.detach() - config.step_size * gradient
    moved += normal.mul_(config.noise_scale)
    return moved if config.bounds is None else moved.clamp_(*config.bounds)
