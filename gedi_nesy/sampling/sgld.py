"""Stochastic gradient Langevin dynamics on the input of an energy."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from gedi_nesy.errors import ConfigError
from gedi_nesy.types import Energies, Inputs, Scalar

EnergyFn = Callable[[Inputs], Energies]


@dataclass(frozen=True, kw_only=True)
class SGLDConfig:
    """x <- x - step_size * dE/dx + noise * N(0, 1), `num_steps` times; with `bounds`, then clamped to them.

    The gradient's part of a step is no longer than `max_move`.

    `noise=None` is Langevin's own sqrt(2 * step_size), under which the chain samples exp(-E) as the step goes to
    zero; image EBMs use a smaller one, that is, they sample at a low temperature.
    """

    num_steps: int = 20
    """Langevin steps a training step"""
    step_size: float = 1.0
    """what the gradient is multiplied by, in pixels squared"""
    noise: float | None = 0.01
    """standard deviation of what a Langevin step adds"""
    bounds: tuple[float, float] | None = None
    max_move: float = math.inf

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ConfigError(f"num_steps={self.num_steps} must be at least 1")
        if self.step_size <= 0:
            raise ConfigError(f"step_size={self.step_size} must be positive")
        if self.noise is not None and self.noise < 0:
            raise ConfigError(f"noise={self.noise} must not be negative")
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise ConfigError(f"bounds={self.bounds} must be a lower value and a higher one")
        if not self.max_move > 0:
            raise ConfigError(f"max_move={self.max_move} must be positive (inf: no bound)")

    @property
    def noise_scale(self) -> float:
        return math.sqrt(2.0 * self.step_size) if self.noise is None else self.noise


OF_IMAGES = SGLDConfig(num_steps=5, step_size=1.0, noise=0.01, bounds=(0.0, 1.0))
"""What moves chains of pixels: in training, and where samples are drawn, with more steps."""

OF_POINTS = SGLDConfig(num_steps=5, step_size=2e-3, noise=None)
"""The same for points, in standardised columns."""


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
    return langevin_move(
        position.detach(),
        gradient,
        normal,
        config.step_size,
        config.noise_scale,
        bounds=config.bounds,
        max_move=config.max_move,
    )


def langevin_move(
    position: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    normal: Float[Tensor, "*shape"],
    step_size: float | Tensor,
    noise_scale: float | Tensor,
    *,
    bounds: tuple[float, float] | tuple[Tensor, Tensor] | None = None,
    max_move: float | Tensor = math.inf,
    chain_axes: int = 1,
) -> Float[Tensor, "*shape"]:
    """x - step_size * dE/dx + noise_scale * N(0, 1), then clamped to the bounds.

    Chains are on the first `chain_axes` axes, so that the chains of several models, each with settings of its own, move
    together. `max_move` bounds the Euclidean length of step_size * dE/dx, chain by chain; it may be inf, also for some
    models only.
    """
    move = step_size * gradient
    if isinstance(max_move, Tensor) or max_move < math.inf:
        length = move.flatten(chain_axes).norm(dim=-1)
        length = length.view(*length.shape, *[1] * (move.dim() - chain_axes))
        move = move * torch.where(length > max_move, max_move / length, 1.0)
    moved = position - move
    moved += noise_scale * normal
    if bounds is not None:
        moved.clamp_(*bounds)  # pyright: ignore[reportCallIssue, reportArgumentType] - two numbers or two tensors
    return moved


def with_smaller_steps(config: SGLDConfig, halvings: int) -> SGLDConfig:
    """Langevin steps halved `halvings` times, at the same temperature noise^2 / (2 step_size)."""
    noise = None if config.noise is None else config.noise * 0.5 ** (halvings / 2)
    return replace(config, step_size=config.step_size * 0.5**halvings, noise=noise)
