"""Train several small GEDI networks on points side by side: one optimizer, one forward pass, seeds kept apart.

Positive pairs are noisy copies of a point, as in the paper, or walks: a Langevin chain of the model's own energy that
begins at a training point stays on its manifold and seldom crosses a gap. Where the point was and where the chain is
are two views of one cluster. Walks use the averaged network at a low temperature, as they are to keep to valleys;
L_GEN has chains of its own, at temperature 1.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from gedi_nesy.errors import ConfigError
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.sampling.sgld import langevin_move
from gedi_nesy.training.records import Record
from gedi_nesy.training.vectorized import draws as vectorized_draws
from gedi_nesy.training.vectorized.adam import Moving, adam
from gedi_nesy.training.vectorized.config import VectorizedConfig, WalkConfig
from gedi_nesy.training.vectorized.draws import BLOCK, Draws, Sizes
from gedi_nesy.training.vectorized.loss import REPORTED, Weights, vectorized_loss
from gedi_nesy.training.vectorized.networks import Forward, Parameters, VectorizedInputs, stack, unstack

RECORD_EVERY = 10
"""Steps from one entry of the history to the next."""


STATE = ("parameters", "average", "first", "second", "chains", "walks", "origins", "diverged_at")
"""What a learner changes, beside its clock, its generators and its history."""


class VectorizedLearner:
    """Networks, data (one set a network), chains and walks of several learners that share nothing but the clock."""

    def __init__(
        self,
        models: Sequence[GEDI],
        data: VectorizedInputs,
        weights: Weights,
        config: VectorizedConfig,
        generators: Sequence[Generator],
    ):
        if not len(models) == len(data) == len(generators):
            raise ConfigError(f"{len(models)} models, {len(data)} data sets and {len(generators)} generators")
        self.template, self.data, self.config = models[0], data, config
        # the penalty is a multiple of L_GEN
        self.weights = {**weights, "energy_l2": weights["gen"] * config.energy_l2}
        self.generators = list(generators)
        self.forward = Forward(self.template)
        self.parameters = stack(models)
        self.average = {name: value.detach().clone() for name, value in self.parameters.items()}
        self.first = {name: torch.zeros_like(value) for name, value in self.average.items()}
        self.second = {name: torch.zeros_like(value) for name, value in self.average.items()}
        self.step = 0
        self.diverged_at = torch.zeros(len(data), dtype=torch.long, device=data.device)
        """of each network, the step by which it was found to have diverged; 0: it is healthy"""
        self.history: list[Float[Tensor, "term model"]] = []
        self.rows = torch.arange(len(data), device=data.device)[:, None]
        self.std = data.std(dim=1, keepdim=True)
        self.low = data.amin(dim=1, keepdim=True) - config.margin
        self.high = data.amax(dim=1, keepdim=True) + config.margin
        self.with_samples = bool((weights["gen"] > 0).any())
        self.walk = config.walk if self.with_samples else None
        self._begin()

    @property
    def sizes(self) -> Sizes:
        """How many numbers a step takes."""
        config = self.config
        return Sizes(
            points=self.data.shape[1],
            batch=config.batch_size,
            walkers=self.walk.walkers if self.walk else 0,
            chains=config.batch_samples if self.with_samples else 0,
            buffer=config.buffer_size if self.with_samples else 0,
            langevin_steps=config.sgld.num_steps if self.with_samples else 0,
            dim=self.data.shape[2],
        )

    def _begin(self) -> None:
        """Chains and walks where they start, from each learner's own generator."""
        sizes = self.sizes
        first = vectorized_draws.first(self.generators, sizes)
        self.chains = self._starts(first.start_points, first.start_noise)
        self.origins = first.origins
        self.walks = self.data[self.rows, self.origins].clone()

    def _starts(self, points: Int[Tensor, "model chain"], noise: Float[Tensor, "model chain dim"]) -> Tensor:
        if self.config.start == "data":
            return self.data[self.rows, points] + self.config.start_noise * self.std * noise
        # a normal number through its distribution function is uniform
        share = torch.special.ndtr(noise)
        return self.low + (self.high - self.low) * share

    def state(self) -> dict[str, Any]:
        """All that training changes, as `checkpoint.save` takes it."""
        tensors = {name: getattr(self, name) for name in STATE}
        generators = [generator.get_state() for generator in self.generators]
        return {**tensors, "step": self.step, "generators": generators, "history": self.history}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave, bit for bit."""
        for name in STATE:
            here, there = getattr(self, name), state[name]
            parts = [(here[key], there[key]) for key in here] if isinstance(here, dict) else [(here, there)]
            for own, saved in parts:
                own.detach().copy_(saved)
        self.step, self.history = state["step"], [part.to(self.data.device) for part in state["history"]]
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.set_state(saved)

    @property
    def diverged(self) -> Bool[Tensor, " model"]:
        """Whose numbers mean nothing any more: there is no way back for one network of a stack."""
        return self.diverged_at > 0

    def models(self) -> list[GEDI]:
        """The averaged networks: what is evaluated and saved."""
        return [unstack(self.template, self.average, index) for index in range(len(self.data))]

    def records(self, index: int, phase: str) -> list[Record]:
        """The history of one of the networks, as single ones have it; a term that was off is None."""
        return [
            Record(
                phase,
                RECORD_EVERY * entry,
                {
                    name: None if math.isnan(value) else value
                    for name, value in zip(REPORTED, terms[:, index].tolist(), strict=True)
                },
            )
            for entry, terms in enumerate(self.history)
        ]

    def run_block(self) -> None:
        """The next steps, as many as numbers are drawn for at once.

        A network whose loss or weights are not finite has diverged; the others, which share nothing with it, learn on.
        """
        steps = min(BLOCK, self.config.iterations - self.step)
        draws = vectorized_draws.draw(self.generators, self.sizes, steps)
        for number in range(steps):
            terms = self._step(Draws(*(part[number] for part in draws)))
            if self.step % RECORD_EVERY == 0:
                self.history.append(terms)
            self.step += 1
        weights = [*self.parameters.values(), *self.average.values()]
        finite = [terms[1:].T, *(each.detach().flatten(1) for each in weights)]
        healthy = torch.stack([each.isfinite().all(dim=1) for each in finite]).all(dim=0)
        self.diverged_at[~healthy & ~self.diverged] = self.step

    def _step(self, draws: Draws) -> Float[Tensor, "term model"]:
        points, pairs, samples = self._views(draws)
        parts = [points, pairs]
        if samples is not None:
            parts += [samples, points + self.config.blur * draws.blur]
        logits = self.forward(self.parameters, torch.cat(parts, dim=1))
        views = logits.split([part.shape[1] for part in parts], dim=1)
        config, entropy_weight = self.config, self.config.entropy_weight(self.step)
        loss, terms = vectorized_loss(views, self.weights, entropy_weight, config.both_views)
        names = list(self.parameters)
        gradients = torch.autograd.grad(loss.sum(), [self.parameters[name] for name in names])
        moving = Moving(self.parameters, self.average, self.first, self.second)
        adam(moving, dict(zip(names, gradients, strict=True)), config, self.step)
        return terms

    def _views(self, draws: Draws) -> tuple[Tensor, Tensor, Tensor | None]:
        """Points, their positive pairs, and samples; chains and walks are moved on."""
        if self.walk is None:
            points = self.data[self.rows, draws.points]
            samples = self._move_chains(draws) if self.with_samples else None
            return points, points + self.config.augmentation * draws.augment, samples
        born = draws.reborn < self.walk.reborn
        origins = torch.where(born, draws.points, self.origins[self.rows, draws.walkers])
        points = self.data[self.rows, origins]
        begun = torch.where(born[..., None], points, self.walks[self.rows, draws.walkers])
        walked, samples = self._move_both(begun, draws, self.walk)
        self.origins[self.rows, draws.walkers] = origins
        self.walks[self.rows, draws.walkers] = walked
        return points, walked, samples

    def _taken(self, draws: Draws) -> Tensor:
        """Chains out of the buffer, some of them begun anew."""
        anew = (draws.restarted < self.config.reinit)[..., None]
        starts = self._starts(draws.start_points, draws.start_noise)
        return torch.where(anew, starts, self.chains[self.rows, draws.slots])

    def _move_chains(self, draws: Draws) -> Tensor:
        sgld = self.config.sgld
        samples = self.langevin(
            self.parameters, self._taken(draws), draws.langevin, sgld.step_size, sgld.noise_scale
        )
        self.chains[self.rows, draws.slots] = samples
        return samples

    def _move_both(self, walks: Tensor, draws: Draws, walk: WalkConfig) -> tuple[Tensor, Tensor]:
        """Walks on the averaged networks, cold, and chains on the networks themselves, as one stack twice as high."""
        both = {
            name: torch.cat([self.average[name], value.detach()]) for name, value in self.parameters.items()
        }
        sgld, count = self.config.sgld, len(self.data)
        sizes = walks.new_tensor([walk.step_size / walk.temperature, sgld.step_size])
        noises = walks.new_tensor([math.sqrt(2 * walk.step_size), sgld.noise_scale])
        moves = walks.new_tensor([walk.max_move, self.config.max_move])
        columns = [each.repeat_interleave(count)[:, None, None] for each in (sizes, noises, moves)]
        # the numbers come as (iteration, model, walks and chains, dim)
        noise = torch.cat(draws.langevin.split(walks.shape[1], dim=2), dim=1)
        moved = self.langevin(both, torch.cat([walks, self._taken(draws)]), noise, *columns)
        walked, samples = moved[:count], moved[count:]
        self.chains[self.rows, draws.slots] = samples
        return walked, samples

    def langevin(
        self,
        parameters: Parameters,
        positions: VectorizedInputs,
        noise: Float[Tensor, "iteration model chain dim"],
        step_size: float | Tensor,
        noise_scale: float | Tensor,
        max_move: float | Tensor | None = None,
    ) -> VectorizedInputs:
        """`sgld.step` for a stack, with given noise; settings that differ from model to model are columns."""
        bound = self.config.max_move if max_move is None else max_move
        copies = len(positions) // len(self.data)
        bounds = self.low.repeat(copies, 1, 1), self.high.repeat(copies, 1, 1)
        fixed = {name: value.detach() for name, value in parameters.items()}
        for normal in noise:
            positions = positions.detach().requires_grad_(True)
            energies = self.forward.energy(fixed, positions)
            (gradient,) = torch.autograd.grad(energies.sum(), positions)
            positions = langevin_move(
                positions.detach(),
                gradient,
                normal,
                step_size,
                noise_scale,
                bounds=bounds,
                max_move=bound,
                chain_axes=2,
            )
        return positions.detach()
