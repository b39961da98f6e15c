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
from benchmarks.toy.outcome import Attempt, Outcome
from gedi_nesy.training.durability.manager import Saver
from gedi_nesy.training.vectorized.config import StackedConfig
from gedi_nesy.training.vectorized.learner import StackedLearner
from gedi_nesy.training.vectorized.loss import StackedWeights

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


def train_stack(
    cells: Sequence[Cell],
    preset: Preset,
    config: StackedConfig,
    num_clusters: int,
    device: torch.device,
    report: Report = lambda step, terms: None,
    saver: Saver | None = None,
) -> StackedLearner:
    """Train all cells side by side; each has a generator and an initialisation of its own seed and attempt."""
    models, generators = [], []
    for cell in cells:
        own_seed = 1000 * cell.seed + cell.attempt
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(own_seed)
            models.append(
                toy_methods.network(preset, cell.sets.train.inputs.shape[1], num_clusters).to(device)
            )
        generators.append(Generator(device).manual_seed(own_seed))
    data = torch.stack([cell.sets.train.inputs for cell in cells]).to(device)
    weights = StackedWeights(*torch.tensor([cell.weights for cell in cells], device=device).T)
    learner = StackedLearner(models, data, weights, config, generators)
    state = saver.load() if saver else None
    if state is not None:
        learner.load_state(state)
    with saver.catching_signals() if saver else nullcontext():
        while learner.step < config.iterations:
            learner.run_block()
            report(learner.step, _terms(learner))
            if saver:
                saver.step(learner.state)
    if saver:
        # until the row is written, its results can be made again from what was trained
        saver.save(learner.state)
    return learner


def _terms(learner: StackedLearner) -> str:
    """Medians over the stack."""
    values = learner.history[-1].nanmedian(dim=1).values.tolist()
    named = zip(("gen", "inv", "prior"), values, strict=True)
    return "  ".join(f"{name} {value:.2f}" for name, value in named if not math.isnan(value))


@torch.no_grad()
def objectives(learner: StackedLearner) -> tuple[Tensor, Tensor]:
    """w_inv L_INV + w_prior L_PRIOR of the averaged networks on all training points, and L_INV: no label, no L_GEN."""
    generator = Generator(learner.data.device).manual_seed(0)
    noise = torch.randn(learner.data.shape[1:], generator=generator, device=learner.data.device)
    plain, paired = (
        learner.forward(learner.average, x).log_softmax(dim=2)
        for x in (learner.data, learner.data + learner.config.augmentation * noise)
    )
    inv = (paired.exp() * plain).sum(dim=2).mean(dim=1)
    prior = (plain.logsumexp(dim=1) - math.log(plain.shape[1])).mean(dim=1)
    return learner.weights.inv * inv + learner.weights.prior * prior, inv


def _samples(learner: StackedLearner) -> Tensor:
    """The persistent chains, moved on by the averaged networks."""
    generator = Generator(learner.data.device).manual_seed(0)
    shape = (SAMPLING_STEPS, 1, *learner.chains.shape[1:])
    noise = torch.randn(shape, generator=generator, device=learner.data.device)
    noise = noise.expand(-1, len(learner.chains), -1, -1)
    scale = math.sqrt(2 * SAMPLING_STEP_SIZE)
    return learner.langevin(
        learner.average, learner.chains, noise, SAMPLING_STEP_SIZE, scale, max_move=SAMPLING_MAX_MOVE
    )


def outcomes(
    learner: StackedLearner, cells: Sequence[Cell], grids: Sequence[Tensor], seconds: float
) -> list[Outcome]:
    """What came of each cell."""
    scores, inv = objectives(learner)
    samples = (
        _samples(learner).cpu() if learner.with_samples else torch.empty(len(cells), 0, learner.data.shape[2])
    )
    history = torch.stack(learner.history).cpu().numpy()
    found = []
    for index, (cell, model, grid) in enumerate(zip(cells, learner.models(), grids, strict=True)):
        with torch.no_grad():
            model.cpu()
            logits = model(grid)
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
                attempts=(Attempt(scores[index].item(), inv[index].item()),),
            )
        )
    return found
