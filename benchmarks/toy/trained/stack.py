"""A stack of cells trained side by side: networks, data and chains of several seeds, and what came of each."""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks.toy import methods as toy_methods
from benchmarks.toy.data import Sets
from benchmarks.toy.methods import Preset, Triple
from benchmarks.toy.outcome import Attempt, Outcome, without_model
from benchmarks.toy.trained.likelihood import log_likelihood
from benchmarks.toy.trained.swav import Setting, SwAV
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.training import seeds
from gedi_nesy.training.durability import checkpoint
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.vectorized.config import VectorizedConfig
from gedi_nesy.training.vectorized.learner import VectorizedLearner
from gedi_nesy.training.vectorized.loss import REPORTED

Report = Callable[[int, str], None]
"""Called with the steps done and the terms in words."""

SAMPLING_STEPS = 200
"""Langevin steps of the averaged network by which persistent chains are moved on before they are shown."""
SAMPLING_STEP_SIZE, SAMPLING_MAX_MOVE = 5e-4, 0.08


class Cell(NamedTuple):
    """One network to train: its seed, data and weights."""

    seed: int
    attempt: int
    sets: Sets
    weights: Triple

    @property
    def streams(self) -> tuple[int, int]:
        """Seeds of its network, and of all that it draws."""
        return seeds.streams(self.seed, self.attempt)


def stack_of(
    cells: Sequence[Cell], preset: Preset, config: VectorizedConfig, num_clusters: int, device: torch.device
) -> VectorizedLearner:
    """All cells, vectorised; each has a generator and an initialisation of its own seed and restart."""
    models = []
    for cell in cells:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(cell.streams[0])
            models.append(
                toy_methods.network(preset, cell.sets.train.inputs.shape[1], num_clusters).to(device)
            )
    columns = torch.tensor([cell.weights for cell in cells], device=device).T
    weights = dict(zip(Triple._fields, columns, strict=True))
    return VectorizedLearner(models, _data(cells, device), weights, config, _generators(cells, device))


def swav_of(
    cells: Sequence[Cell], setting: Setting, config: VectorizedConfig, num_clusters: int, device: torch.device
) -> SwAV:
    """The same for SwAV."""
    return SwAV(_data(cells, device), num_clusters, _generators(cells, device), config, setting)


def _data(cells: Sequence[Cell], device: torch.device) -> Tensor:
    return torch.stack([cell.sets.train.inputs for cell in cells]).to(device)


def _generators(cells: Sequence[Cell], device: torch.device) -> list[Generator]:
    return [Generator(device).manual_seed(cell.streams[1]) for cell in cells]


def learn(
    learner: VectorizedLearner | SwAV,
    report: Report = lambda step, terms: None,
    saver: CheckpointManager | None = None,
) -> None:
    """Train to the end, from where the saver has it, or until all have diverged."""
    state = saver.load() if saver else None
    if state is not None:
        with checkpoint.restoring():
            learner.load_state(state)
    with saver.catching_signals() if saver else nullcontext():
        while learner.step < learner.config.iterations and not learner.diverged.all():
            learner.run_block()
            report(learner.step, _terms(learner) if isinstance(learner, VectorizedLearner) else "")
            if saver:
                saver.step(learner.state)
    if saver:
        # until the row is written, its results can be made again from what was trained
        saver.save(learner.state)


def _terms(learner: VectorizedLearner) -> str:
    """Medians over the stack."""
    values = learner.history[-1].nanmedian(dim=1).values.tolist()
    named = zip(REPORTED, values, strict=True)
    return "  ".join(f"{name} {value:.2f}" for name, value in named if not math.isnan(value))


@torch.no_grad()
def objectives(learner: VectorizedLearner) -> tuple[Tensor, Tensor]:
    """By what restarts are compared, and L_INV: of the averaged networks on all training points, without labels.

    w_inv L_INV + w_prior L_PRIOR; where L_INV has no weight, w_gen L_GEN (the log-likelihood) + w_prior L_PRIOR.
    """
    generator = Generator(learner.data.device).manual_seed(0)
    noise = torch.randn(learner.data.shape[1:], generator=generator, device=learner.data.device)
    plain, paired = (
        learner.forward(learner.average, x).log_softmax(dim=2)
        for x in (learner.data, learner.data + learner.config.augmentation * noise)
    )
    inv, prior = -loss_inv(plain, paired), -loss_prior(plain)
    found = learner.weights["inv"] * inv + learner.weights["prior"] * prior
    without_inv = (learner.weights["inv"] == 0) & (learner.weights["gen"] > 0)
    if without_inv.any():
        likelihood = learner.weights["gen"] * log_likelihood(learner)
        found = torch.where(without_inv, found + likelihood, found)
    return found, inv


def _samples(learner: VectorizedLearner) -> Tensor:
    """The persistent chains, moved on by the averaged networks."""
    generator = Generator(learner.data.device).manual_seed(0)
    shape = (SAMPLING_STEPS, 1, *learner.chains.shape[1:])
    noise = torch.randn(shape, generator=generator, device=learner.data.device)
    noise = noise.expand(-1, len(learner.chains), -1, -1)
    scale = math.sqrt(2 * SAMPLING_STEP_SIZE)
    return learner.langevin(
        learner.average, learner.chains, noise, SAMPLING_STEP_SIZE, scale, max_move=SAMPLING_MAX_MOVE
    )


def outcomes(learner: VectorizedLearner, cells: Sequence[Cell], seconds: float) -> list[Outcome]:
    """What came of each cell."""
    scores, inv = objectives(learner)
    samples = (
        _samples(learner).cpu() if learner.with_samples else torch.empty(len(cells), 0, learner.data.shape[2])
    )
    history = torch.stack(learner.history).cpu().numpy()
    found = []
    for index, (cell, model) in enumerate(zip(cells, learner.models(), strict=True)):
        with torch.no_grad():
            model.cpu()
            logits = model(cell.sets.grid())
            predictions, clusters = (model(x).argmax(dim=1) for x in (cell.sets.test.inputs, samples[index]))
        found.append(
            Outcome(
                predictions=predictions.numpy(),
                on_grid=logits.argmax(dim=1).numpy(),
                energies=-logits.logsumexp(dim=1).numpy() if learner.with_samples else np.empty(0),
                samples=samples[index].numpy(),
                clusters_of_samples=clusters.numpy(),
                history=history[:, :, index],
                seconds=seconds,
                model=model,
                attempts=(_attempt(learner, index, scores[index].item(), inv[index].item()),),
            )
        )
    return found


def swav_outcomes(learner: SwAV, cells: Sequence[Cell], seconds: float) -> list[Outcome]:
    """The same for SwAV, which has clusters and no energy."""
    inputs = torch.stack([cell.sets.test.inputs for cell in cells]).to(learner.data.device)
    predictions, losses = learner.predict(inputs).cpu().numpy(), learner.loss().tolist()
    found = []
    for index, cell in enumerate(cells):
        grid = cell.sets.grid().to(inputs.device)
        on_grid = learner.predict(grid[None], index).cpu().numpy()[0]
        outcome = without_model(predictions[index], on_grid, seconds)
        made = _attempt(learner, index, -losses[index], math.nan, learner.setting)
        found.append(outcome._replace(attempts=(made,)))
    return found


def _attempt(
    learner: VectorizedLearner | SwAV,
    index: int,
    objective: float,
    inv: float,
    setting: Setting | None = None,
) -> Attempt:
    """How a restart ended; one that diverged is worse than any that did not."""
    diverged_at = int(learner.diverged_at[index])
    return (
        Attempt(-math.inf, -math.inf, setting, diverged_at)
        if diverged_at
        else Attempt(objective, inv, setting)
    )
