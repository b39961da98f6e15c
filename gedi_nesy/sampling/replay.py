"""Persistent Langevin chains: a buffer that chains are drawn from without replacement and written back to."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.errors import ConfigError
from gedi_nesy.types import Inputs, Slots

StartFn = Callable[[Generator, int], Inputs]


class ReplayState(NamedTuple):
    """All chains; owned by the training loop and part of its checkpoint."""

    chains: Float[Tensor, "size *shape"]


class Draw(NamedTuple):
    """Chains taken out to be moved on, and the slots they go back to."""

    slots: Slots
    positions: Inputs


def init(positions: Inputs) -> ReplayState:
    """A buffer whose chains begin at `positions`."""
    return ReplayState(positions.detach().clone())


def draw(generator: Generator, state: ReplayState, num: int, start: StartFn, reinit: float = 0.05) -> Draw:
    """`num` different chains, each reinitialised at `start(generator, n)` with probability `reinit`.

    ValueError if the buffer holds fewer than `num` chains.
    """
    size = state.chains.shape[0]
    if num > size:
        raise ConfigError(
            f"num={num} chains cannot be drawn without replacement from a buffer of size {size}"
        )
    slots = torch.randperm(size, generator=generator, device=generator.device)[:num]
    fresh = torch.rand(num, generator=generator, device=generator.device) < reinit
    positions = state.chains[slots]
    positions[fresh] = start(generator, int(fresh.sum()))
    return Draw(slots, positions)


def write_back(state: ReplayState, slots: Slots, positions: Inputs) -> ReplayState:
    """The moved chains in the slots they came from; in place, since a copy of the buffer a step would cost most."""
    state.chains[slots] = positions.detach()
    return state
