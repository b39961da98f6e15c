"""All random numbers of a stack of learners, each learner's from a generator of its own.

They are drawn for many steps at once: a call of the generator costs more than the numbers of one small step. Since a
learner's draws never depend on its neighbours, it learns the same in any company.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

BLOCK = 50
"""Steps whose numbers are drawn together; checkpoints fall between blocks."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many of what a learner draws a step."""

    points: int
    batch: int
    walkers: int
    chains: int
    buffer: int
    langevin_steps: int
    dim: int


class Draws(NamedTuple):
    """What one block of steps needs; the leading axes are (step, model)."""

    points: Int[Tensor, "step model batch"]
    """training points, where new walks begin"""
    walkers: Int[Tensor, "step model batch"]
    """walks that are taken on"""
    reborn: Float[Tensor, "step model batch"]
    """uniform; a walk begins anew below the rate of rebirth"""
    augment: Float[Tensor, "step model batch dim"]
    blur: Float[Tensor, "step model batch dim"]
    slots: Int[Tensor, "step model chain"]
    """persistent chains that are moved"""
    restarted: Float[Tensor, "step model chain"]
    start_points: Int[Tensor, "step model chain"]
    start_noise: Float[Tensor, "step model chain dim"]
    langevin: Float[Tensor, "step iteration model moved dim"]


def _distinct(generator: Generator, steps: int, size: int, num: int) -> Int[Tensor, "step num"]:
    """`num` different numbers below `size` a step."""
    return torch.rand(steps, size, generator=generator, device=generator.device).topk(num, dim=1).indices


def _draw(generator: Generator, sizes: Sizes, steps: int) -> Draws:
    """One learner's numbers, without the model axis."""
    device, dim = generator.device, sizes.dim

    def normal(*shape: int) -> Tensor:
        return torch.randn(steps, *shape, generator=generator, device=device)

    def uniform(num: int) -> Tensor:
        return torch.rand(steps, num, generator=generator, device=device)

    def point(num: int) -> Tensor:
        return torch.randint(sizes.points, (steps, num), generator=generator, device=device)

    moved = (sizes.batch if sizes.walkers else 0) + sizes.chains
    return Draws(
        points=point(sizes.batch),
        walkers=_distinct(generator, steps, sizes.walkers, sizes.batch if sizes.walkers else 0),
        reborn=uniform(sizes.batch if sizes.walkers else 0),
        augment=normal(sizes.batch, dim),
        blur=normal(sizes.batch, dim),
        slots=_distinct(generator, steps, sizes.buffer, sizes.chains),
        restarted=uniform(sizes.chains),
        start_points=point(sizes.chains),
        start_noise=normal(sizes.chains, dim),
        langevin=normal(sizes.langevin_steps, moved, dim),
    )


def draw(generators: Sequence[Generator], sizes: Sizes, steps: int = BLOCK) -> Draws:
    """The numbers of `steps` steps for every learner."""
    each = [_draw(generator, sizes, steps) for generator in generators]
    stacked = {
        name: torch.stack([getattr(one, name) for one in each], dim=2 if name == "langevin" else 1)
        for name in Draws._fields
    }
    return Draws(**stacked)


class FirstDraws(NamedTuple):
    """Where chains and walks begin, before the first step."""

    start_points: Int[Tensor, "model buffer"]
    start_noise: Float[Tensor, "model buffer dim"]
    origins: Int[Tensor, "model walker"]


def first(generators: Sequence[Generator], sizes: Sizes) -> FirstDraws:
    """The numbers that are drawn once."""
    points, noise, origins = [], [], []
    for generator in generators:
        device = generator.device
        points.append(torch.randint(sizes.points, (sizes.buffer,), generator=generator, device=device))
        noise.append(torch.randn(sizes.buffer, sizes.dim, generator=generator, device=device))
        origins.append(torch.randint(sizes.points, (sizes.walkers,), generator=generator, device=device))
    return FirstDraws(torch.stack(points), torch.stack(noise), torch.stack(origins))
