"""The same training step as JEM's code and its descendants write it, to time ours against.

Weights stay un-frozen while chains move, data, augmented data and samples go through the network one after the other,
the buffer lies in main memory, layers and optimizer are torch's as they come. What is drawn and the loss are the same.
"""

import copy
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from gedi_nesy.augmentation import warp as augment
from gedi_nesy.models.first_convolution import FirstConv2d
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective, Terms
from gedi_nesy.objectives.term import Seen
from gedi_nesy.sampling import replay
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.network import average_decay

Gradient = Literal["grad", "backward"]
"""How the sampler gets the gradient of the energy by its input.

grad: `torch.autograd.grad(f(x).sum(), [x], retain_graph=True)`, as JEM does; torch then skips the gradients of weights.
backward: `f(x).sum().backward()` and `x.grad`, as others do: the gradients of all weights are computed and thrown away.
"""


class PlainStep:
    """Model, averaged model, optimizer and buffer; call `step` as often as there are batches."""

    def __init__(
        self, model: GEDI, images: Tensor, config: StepConfig, generator: Generator, gradient: Gradient
    ):
        self.model = plain(model)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0
        )
        self.images, self.config, self.generator, self.gradient = images, config, generator, gradient
        self.buffer = self.model.start(generator, config.buffer_size).cpu()
        self.steps = 0

    def step(self, objective: Objective) -> Terms:
        """Draw, sample, three forward passes, one backward pass, one step of the optimizer."""
        size, device = self.config.batch_unlabelled, self.images.device
        chosen = torch.randint(len(self.images), (size,), generator=self.generator, device=device)
        x = self.images[chosen]
        augmented = augment.warp(self.generator, x, self.config.warp)
        samples = self._sample()
        seen = Seen(plain=self.model(x), augmented=self.model(augmented), samples=self.model(samples))
        losses = table.losses(table.times(objective, "queries", 0.0), seen)
        terms = table.numbers(objective, losses.reported)
        self.optimizer.zero_grad()
        losses.total.backward()
        self.optimizer.step()
        self.steps += 1
        self._move_average()
        return terms

    def _sample(self) -> Tensor:
        config, state = self.config.sgld, replay.ReplayState(self.buffer)
        slots, positions = self._draw(state)
        x = positions.to(self.images.device).requires_grad_(True)
        for _ in range(config.num_steps):
            if self.gradient == "grad":
                (gradient,) = torch.autograd.grad(self.model.energy(x).sum(), [x], retain_graph=True)
            else:
                x.grad = None
                self.model.energy(x).sum().backward()
                gradient = x.grad
                assert gradient is not None
            noise = torch.randn(x.shape, generator=self.generator, device=x.device)
            x.data += -config.step_size * gradient + config.noise_scale * noise
            if config.bounds is not None:
                x.data.clamp_(*config.bounds)
        self.buffer[slots] = x.detach().cpu()
        return x.detach()

    def _draw(self, state: replay.ReplayState) -> tuple[Tensor, Tensor]:
        """Slots and positions in main memory; the same draws as ours, so that the losses can be compared."""
        num, generator = self.config.batch_samples, self.generator
        slots = torch.randperm(len(state.chains), generator=generator, device=generator.device)[:num].cpu()
        fresh = (torch.rand(num, generator=generator, device=generator.device) < self.config.reinit).cpu()
        positions = state.chains[slots]
        positions[fresh] = self.model.start(generator, int(fresh.sum())).cpu()
        return slots, positions

    @torch.no_grad()
    def _move_average(self) -> None:
        decay = average_decay(self.config.ema, self.steps)
        for average, current in zip(self.average.parameters(), self.model.parameters(), strict=True):
            average.copy_(decay * average + (1.0 - decay) * current)


def plain(model: GEDI) -> GEDI:
    """A copy with the same weights, of torch's own layers in torch's own layout."""
    twin = copy.deepcopy(model).to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    for module in list(twin.modules()):
        for name, child in module.named_children():
            if isinstance(child, FirstConv2d):
                setattr(module, name, _ordinary(child))
    return twin


def _ordinary(layer: FirstConv2d) -> nn.Conv2d:
    other = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        kernel_size=layer.kernel_size,  # pyright: ignore[reportArgumentType]
        stride=layer.stride,  # pyright: ignore[reportArgumentType]
        padding=layer.padding,  # pyright: ignore[reportArgumentType]
    ).to(layer.weight.device)
    other.load_state_dict(layer.state_dict())
    return other
