"""SwAV on points: swapped prediction of Sinkhorn-Knopp assignments to prototypes, for several seeds side by side.

p(y|x) = softmax(U^T z / tau), z the normalised embedding, U normalised prototypes; targets are the assignments of
the other view, made even by Sinkhorn-Knopp, without gradient. Batch normalisation follows every layer.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.training.vectorized import draws as stacked_draws
from gedi_nesy.training.vectorized.draws import BLOCK, Sizes

TEMPERATURE, SHARPNESS, ROUNDS = 0.1, 0.05, 3
WIDTHS = (100, 100, 2, 4, 2)
"""Encoder 100-100-2, projector 4-2."""

Scores = Float[Tensor, "model batch prototype"]


def sinkhorn(scores: Scores) -> Scores:
    """Rows sum to 1, columns alike: exp(scores / `SHARPNESS`) scaled in turns, columns first, `ROUNDS` times."""
    logs = scores / SHARPNESS
    for _ in range(ROUNDS):
        logs = logs - logs.logsumexp(dim=1, keepdim=True)
        logs = logs - logs.logsumexp(dim=2, keepdim=True)
    return logs.exp()


class SwAV:
    """Networks with a leading model axis, their optimizer and their data."""

    def __init__(
        self,
        data: Float[Tensor, "model point dim"],
        num_clusters: int,
        generators: Sequence[Generator],
        batch_size: int,
        learning_rate: float,
    ):
        self.data, self.generators, self.batch_size = data, list(generators), batch_size
        widths = (data.shape[2], *WIDTHS)
        self.layers = [
            (
                self._uniform(before, after),
                self._uniform(before, after, bias=True),
                *self._scale_and_shift(after),
            )
            for before, after in pairwise(widths)
        ]
        self.prototypes = self._uniform(widths[-1], num_clusters)
        parameters = [parameter for layer in self.layers for parameter in layer] + [self.prototypes]
        self.optimizer = torch.optim.Adam(parameters, lr=learning_rate, betas=(0.9, 0.999))

    def _uniform(self, before: int, after: int, bias: bool = False) -> Tensor:
        """As torch.nn.Linear begins."""
        rows = 1 if bias else before
        draws = [torch.rand(rows, after, generator=each, device=each.device) for each in self.generators]
        return ((2 * torch.stack(draws) - 1) / math.sqrt(before)).requires_grad_()

    def _scale_and_shift(self, width: int) -> tuple[Tensor, Tensor]:
        scale = torch.ones(len(self.data), 1, width, device=self.data.device)
        return scale.requires_grad_(), torch.zeros_like(scale).requires_grad_()

    def scores(self, x: Float[Tensor, "model batch dim"], reference: int | None = None) -> Scores:
        """Cosines of embeddings and prototypes; normalised by the statistics of the first `reference` inputs."""
        for number, (weight, bias, scale, shift) in enumerate(self.layers):
            x = torch.baddbmm(bias, x, weight)
            known = x[:, :reference]
            mean, var = known.mean(dim=1, keepdim=True), known.var(dim=1, keepdim=True, correction=0)
            x = (x - mean) * torch.rsqrt(var + 1e-5) * scale + shift
            # the two embeddings, of encoder and projector, stay linear
            if number not in (2, 4):
                x = F.relu(x)
        return F.normalize(x, dim=2) @ F.normalize(self.prototypes, dim=1)

    def train(self, iterations: int, noise: float, on_step: Callable[[int], None]) -> None:
        """`iterations` steps of Adam; the second view has Gaussian noise of standard deviation `noise`."""
        points, dim = self.data.shape[1:]
        sizes = Sizes(
            points=points, batch=self.batch_size, walkers=0, chains=0, buffer=0, langevin_steps=0, dim=dim
        )
        rows = torch.arange(len(self.data), device=self.data.device)[:, None]
        for start in range(0, iterations, BLOCK):
            draws = stacked_draws.draw(self.generators, sizes, min(BLOCK, iterations - start))
            for index, normal in zip(draws.points, draws.augment, strict=True):
                x = self.data[rows, index]
                plain, noisy = self.scores(torch.cat([x, x + noise * normal], dim=1)).chunk(2, dim=1)
                loss = 0.5 * (self._swapped(plain, noisy) + self._swapped(noisy, plain))
                self.optimizer.zero_grad(set_to_none=True)
                loss.sum().backward()
                self.optimizer.step()
            on_step(min(start + BLOCK, iterations))

    @staticmethod
    def _swapped(scores: Scores, other: Scores) -> Float[Tensor, " model"]:
        targets = sinkhorn(other.detach())
        return -(targets * (scores / TEMPERATURE).log_softmax(dim=2)).sum(dim=2).mean(dim=1)

    @torch.no_grad()
    def predict(self, x: Float[Tensor, "model point dim"]) -> Tensor:
        """The nearest prototype, under the training points' statistics."""
        known = self.data.shape[1]
        return self.scores(torch.cat([self.data, x], dim=1), known)[:, known:].argmax(dim=2)
