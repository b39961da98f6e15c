"""How likely a stack of energies makes its points: log p(x) = -E(x) - log Z, with Z by importance sampling.

L_GEN as training sees it, data against samples, is a difference near 0 for a good network and for a bad one: it gives
gradients, and cannot compare two networks. The likelihood can.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.training.vectorized.learner import VectorizedLearner

VectorizedPoints = Float[Tensor, "model point dim"]
PerModel = Float[Tensor, " model"]

DRAWS = 4096


class Box(NamedTuple):
    """Where x lies: the corners that chains are clamped to."""

    low: Float[Tensor, "model 1 dim"]
    high: Float[Tensor, "model 1 dim"]


def log_partition(
    energy: Callable[[VectorizedPoints], Float[Tensor, "model draw"]],
    data: VectorizedPoints,
    width: Float[Tensor, "model 1 dim"],
    box: Box,
    draws: int = DRAWS,
) -> PerModel:
    """log Z = log of the integral of exp(-E) over the box = log mean_q exp(-E(x)) / q(x).

    q is half uniform on the box and half a Gaussian of standard deviation `width` around a training point drawn at
    random. Every network of a stack has the same draws, whatever its company; a draw outside the box counts as 0.
    """
    generator = Generator(data.device).manual_seed(0)
    models, points, dim = data.shape
    half = draws // 2
    place = torch.rand(half, dim, generator=generator, device=data.device)
    chosen = torch.randint(points, (draws - half,), generator=generator, device=data.device)
    normal = torch.randn(draws - half, dim, generator=generator, device=data.device)
    x = torch.cat([box.low + (box.high - box.low) * place, data[:, chosen] + width * normal], dim=1)
    uniform = -(box.high - box.low).log().sum(dim=2)
    # one network after the other: all distances of a stack at once would fill the memory
    kernel = torch.stack([_log_kernel(x[model], data[model], width[model]) for model in range(models)])
    log_q = torch.logaddexp(uniform, kernel) - math.log(2)
    inside = ((x >= box.low) & (x <= box.high)).all(dim=2)
    ratios = torch.where(inside, -energy(x) - log_q, -math.inf)
    return ratios.logsumexp(dim=1) - math.log(draws)


def _log_kernel(
    x: Float[Tensor, "draw dim"], data: Float[Tensor, "point dim"], width: Float[Tensor, "1 dim"]
) -> Float[Tensor, " draw"]:
    """Log density of Gaussians around all points."""
    squares = torch.cdist(x / width, data / width).square()
    constant = width.log().sum() + 0.5 * data.shape[1] * math.log(2 * math.pi) + math.log(len(data))
    return (-0.5 * squares).logsumexp(dim=1) - constant


@torch.no_grad()
def log_likelihood(learner: VectorizedLearner) -> PerModel:
    """Mean log p(x) over the training points, by each averaged network, in nats."""

    def energy(x: VectorizedPoints) -> Float[Tensor, "model draw"]:
        return learner.forward.energy(learner.average, x)

    width = learner.config.start_noise * learner.std
    log_z = log_partition(energy, learner.data, width, Box(learner.low, learner.high))
    return -energy(learner.data).mean(dim=1) - log_z
