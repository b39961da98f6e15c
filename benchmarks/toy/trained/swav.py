"""SwAV on points: swapped prediction of Sinkhorn-Knopp assignments to prototypes, for several seeds side by side.

p(y|x) = softmax(U^T z / tau), z the normalised embedding, U normalised prototypes; targets are the assignments of
the other view, made even by Sinkhorn-Knopp, without gradient. Batch normalisation follows every layer.
"""

import math
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from gedi_nesy.objectives.self_supervised.swav import SHARPNESS, TEMPERATURE, loss_swav
from gedi_nesy.training.vectorized import draws as vectorized_draws
from gedi_nesy.training.vectorized.config import VectorizedConfig
from gedi_nesy.training.vectorized.draws import BLOCK, Sizes

WIDTHS = (100, 100, 2, 4, 2)
"""Encoder 100-100-2, projector 4-2."""

Scores = Float[Tensor, "model batch prototype"]


class Setting(NamedTuple):
    """What is searched; the first values are those of SwAV's authors, and Adam's usual rate."""

    temperature: float = TEMPERATURE
    learning_rate: float = 1e-3
    sharpness: float = SHARPNESS
    """epsilon of Sinkhorn-Knopp: the smaller, the nearer are assignments to one-hot"""


OTHERS = map(Setting._make, product((0.1, 0.3), (1e-3, 3e-3), (0.05, 0.02)))
SETTINGS = tuple(dict.fromkeys((Setting(), *OTHERS)))
"""Tried one after the other, the usual one first."""


class SwAV:
    """Networks with a leading model axis, their optimizer and their data."""

    def __init__(
        self,
        data: Float[Tensor, "model point dim"],
        num_clusters: int,
        generators: Sequence[Generator],
        config: VectorizedConfig,
        setting: Setting,
    ):
        self.data, self.generators, self.config, self.setting = data, list(generators), config, setting
        self.step = 0
        self.diverged_at = torch.zeros(len(data), dtype=torch.long, device=data.device)
        """of each network, the step by which its loss was found not to be finite; 0: it is healthy"""
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
        self.parameters = [parameter for layer in self.layers for parameter in layer] + [self.prototypes]
        self.optimizer = torch.optim.Adam(self.parameters, lr=setting.learning_rate, betas=(0.9, 0.999))

    def _uniform(self, before: int, after: int, bias: bool = False) -> Tensor:
        """As torch.nn.Linear begins."""
        rows = 1 if bias else before
        draws = [torch.rand(rows, after, generator=each, device=each.device) for each in self.generators]
        return ((2 * torch.stack(draws) - 1) / math.sqrt(before)).requires_grad_()

    def _scale_and_shift(self, width: int) -> tuple[Tensor, Tensor]:
        scale = torch.ones(len(self.data), 1, width, device=self.data.device)
        return scale.requires_grad_(), torch.zeros_like(scale).requires_grad_()

    def scores(
        self, x: Float[Tensor, "model batch dim"], reference: int | None = None, models: slice = slice(None)
    ) -> Scores:
        """Cosines of embeddings and prototypes; normalised by the statistics of the first `reference` inputs."""
        for number, layer in enumerate(self.layers):
            weight, bias, scale, shift = (part[models] for part in layer)
            x = torch.baddbmm(bias, x, weight)
            known = x[:, :reference]
            mean, var = known.mean(dim=1, keepdim=True), known.var(dim=1, keepdim=True, correction=0)
            x = (x - mean) * torch.rsqrt(var + 1e-5) * scale + shift
            # the two embeddings, of encoder and projector, stay linear
            if number not in (2, 4):
                x = F.relu(x)
        return F.normalize(x, dim=2) @ F.normalize(self.prototypes[models], dim=1)

    def run_block(self) -> None:
        """The next steps of Adam, as many as numbers are drawn for at once; the second view is noisy."""
        points, dim = self.data.shape[1:]
        sizes = Sizes(
            points=points,
            batch=self.config.batch_size,
            walkers=0,
            chains=0,
            buffer=0,
            langevin_steps=0,
            dim=dim,
        )
        rows = torch.arange(len(self.data), device=self.data.device)[:, None]
        steps = min(BLOCK, self.config.iterations - self.step)
        draws = vectorized_draws.draw(self.generators, sizes, steps)
        for index, normal in zip(draws.points, draws.augment, strict=True):
            loss = self._loss(self.data[rows, index], normal, self.setting)
            self.optimizer.zero_grad(set_to_none=True)
            loss.sum().backward()
            self.optimizer.step()
        self.step += steps
        self.diverged_at[~torch.isfinite(loss) & ~self.diverged] = self.step

    @property
    def diverged(self) -> Bool[Tensor, " model"]:
        """Whose numbers mean nothing any more."""
        return self.diverged_at > 0

    def _loss(
        self, x: Float[Tensor, "model batch dim"], normal: Tensor, setting: Setting
    ) -> Float[Tensor, " model"]:
        views = torch.cat([x, x + self.config.augmentation * normal], dim=1)
        plain, noisy = self.scores(views).chunk(2, dim=1)
        of = setting.temperature, setting.sharpness
        return 0.5 * (loss_swav(plain, noisy, *of) + loss_swav(noisy, plain, *of))

    @torch.no_grad()
    def loss(self) -> Float[Tensor, " model"]:
        """On all training points; temperature and sharpness are the usual ones, so that settings can be compared."""
        generator = Generator(self.data.device).manual_seed(0)
        normal = torch.randn(self.data.shape[1:], generator=generator, device=self.data.device)
        return self._loss(self.data, normal, Setting())

    def state(self) -> dict[str, Any]:
        """All that training changes, as `checkpoint.save` takes it."""
        return {
            "step": self.step,
            "diverged_at": self.diverged_at,
            "parameters": self.parameters,
            "optimizer": self.optimizer.state_dict(),
            "generators": [generator.get_state() for generator in self.generators],
        }

    @torch.no_grad()
    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave, bit for bit."""
        for own, saved in zip(self.parameters, state["parameters"], strict=True):
            own.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.diverged_at.copy_(state["diverged_at"])
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.set_state(saved)

    @torch.no_grad()
    def predict(self, x: Float[Tensor, "model point dim"], index: int | None = None) -> Tensor:
        """The nearest prototype, under the training points' statistics; of one network, if its `index` is given."""
        models = slice(None) if index is None else slice(index, index + 1)
        data = self.data[models]
        known = data.shape[1]
        return self.scores(torch.cat([data, x], dim=1), known, models)[:, known:].argmax(dim=2)
