"""The rows of the toy table: trained side by side, begun again where the objective says so, judged on test points."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks import survival, toy_baselines, toy_methods
from benchmarks.toy_data import Sets, Task
from benchmarks.toy_methods import Preset, Trained, Triple
from benchmarks.toy_swav import SwAV
from gedi_nesy.data.manifolds import fidelity
from gedi_nesy.metrics import clustering
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.training.durability.manager import Saver
from gedi_nesy.training.vectorized.config import StackedConfig
from gedi_nesy.training.vectorized.learner import StackedLearner
from gedi_nesy.training.vectorized.loss import StackedWeights

if TYPE_CHECKING:
    from benchmarks.toy import ToyConfig

Report = Callable[[int, str], None]
"""Called with the steps done and the terms in words."""

SAMPLING_STEPS = 200
"""Langevin steps of the averaged network by which persistent chains are moved on before they are shown."""
SAMPLING_STEP_SIZE, SAMPLING_MAX_MOVE = 5e-4, 0.08


@dataclass(frozen=True, kw_only=True)
class Run:
    """What results.json keeps of a seed."""

    seed: int
    dataset: str
    method: str
    metrics: dict[str, float]
    attempts: list[dict[str, float]] = field(default_factory=list)


class Cell(NamedTuple):
    """One network to train: its seed, data and weights."""

    seed: int
    attempt: int
    sets: Sets
    weights: Triple


class Attempt(NamedTuple):
    """What attempts are compared by; no label is in it."""

    objective: float
    inv: float


class Outcome(NamedTuple):
    """What a trained row gives for one seed; arrays that a method has not are empty."""

    predictions: np.ndarray
    on_grid: np.ndarray
    energies: np.ndarray
    samples: np.ndarray
    clusters_of_samples: np.ndarray
    history: np.ndarray
    seconds: float
    model: GEDI | None = None
    attempts: tuple[Attempt, ...] = ()


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


def _outcomes(
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


def run_trained(
    method: Trained,
    config: "ToyConfig",
    num_clusters: int,
    seeds: Sequence[int],
    sets: Sequence[Sets],
    grids: Sequence[Tensor],
    device: torch.device,
    report: Report,
    folder: Path,
) -> list[Outcome]:
    """A row for all its seeds and data sets: up to `attempts`, of which the best by the training objective is kept."""
    if method == "SwAV":
        return _run_swav(config, num_clusters, seeds, sets, grids, device, report)
    weights = toy_methods.weights_of(method, config.weights())
    settings = toy_methods.config_of(method, config.preset, config.iterations)
    kept: list[Outcome | None] = [None] * len(seeds)
    for attempt in range(config.attempts):
        open_ = [
            index for index, each in enumerate(kept) if each is None or _worth_another(each, method, config)
        ]
        if not open_:
            break
        cells = [Cell(seeds[index], attempt, sets[index], weights) for index in open_]
        identity = {
            "method": method,
            "cells": [(cell.seed, cell.attempt, *cell.weights) for cell in cells],
            "stack": repr(settings),
        }
        saver = survival.saver_of(config, folder / f"attempt-{attempt}", identity, device)
        learner = train_stack(cells, config.preset, settings, num_clusters, device, report, saver)
        seconds = saver.seconds / len(cells)
        for index, new in zip(
            open_, _outcomes(learner, cells, [grids[i] for i in open_], seconds), strict=True
        ):
            kept[index] = _better(kept[index], new)
    return [each for each in kept if each is not None]


def _worth_another(outcome: Outcome, method: Trained, config: "ToyConfig") -> bool:
    """Rows with all three terms are begun again if L_INV says that a manifold is cut."""
    if config.preset == "paper":
        return False
    return method == "GEDI" and max(each.inv for each in outcome.attempts) < config.accept


def _better(before: Outcome | None, new: Outcome) -> Outcome:
    if before is None:
        return new
    attempts, seconds = before.attempts + new.attempts, before.seconds + new.seconds
    best = new if new.attempts[0].objective > max(each.objective for each in before.attempts) else before
    return best._replace(attempts=attempts, seconds=seconds)


def _run_swav(
    config: "ToyConfig",
    num_clusters: int,
    seeds: Sequence[int],
    sets: Sequence[Sets],
    grids: Sequence[Tensor],
    device: torch.device,
    report: Report,
) -> list[Outcome]:
    settings = toy_methods.config_of("SwAV", config.preset, config.iterations)
    begun = time.perf_counter()
    data = torch.stack([each.train.inputs for each in sets]).to(device)
    generators = [Generator(device).manual_seed(1000 * seed) for seed in seeds]
    swav = SwAV(data, num_clusters, generators, settings.batch_size, toy_methods.SWAV_LEARNING_RATE)
    swav.train(settings.iterations, settings.augmentation, lambda step: report(step, ""))
    predictions = swav.predict(torch.stack([each.test.inputs for each in sets]).to(device)).cpu().numpy()
    seconds = (time.perf_counter() - begun) / len(seeds)
    found = []
    for index, grid in enumerate(grids):
        everywhere = grid.to(device).expand(len(seeds), *grid.shape)
        on_grid = swav.predict(everywhere)[index].cpu().numpy() if len(grid) else np.empty(0, dtype=np.int64)
        found.append(_without_model(predictions[index], on_grid, seconds))
    return found


def run_baseline(
    method: toy_baselines.Baseline, num_clusters: int, seed: int, sets: Sets, grid: Tensor
) -> Outcome:
    """scikit-learn's clusterings, asked for the test points and the grid at once."""
    begun = time.perf_counter()
    asked = torch.cat([sets.test.inputs, grid]).numpy()
    answers = toy_baselines.run(method, sets.train.inputs.numpy(), asked, num_clusters, seed)
    count = len(sets.test.inputs)
    return _without_model(answers[:count], answers[count:], time.perf_counter() - begun)


def _without_model(predictions: np.ndarray, on_grid: np.ndarray, seconds: float) -> Outcome:
    nothing = np.empty(0)
    return Outcome(predictions, on_grid, nothing, np.empty((0, 2)), nothing, np.empty((0, 3)), seconds)


def metrics(task: Task, sets: Sets, outcome: Outcome, noise: float) -> dict[str, float]:
    """NMI and accuracy under the best renaming on the test points; how samples keep to the manifolds, where known."""
    found: dict[str, float] = {}
    if task.labelled:
        labels = sets.test.labels.numpy()
        classes = int(max(labels.max(), outcome.predictions.max())) + 1
        found["nmi"] = clustering.nmi(labels, outcome.predictions)
        found["clustering_accuracy"] = clustering.clustering_accuracy(labels, outcome.predictions, classes)
    found["clusters_in_use"] = float(len(np.unique(outcome.predictions)))
    if task.known is not None and len(outcome.samples) and noise > 0:
        kept = fidelity(task.known, torch.from_numpy(outcome.samples), noise, task.num_clusters)
        found["samples_near"] = kept.on_manifold
        for number, share in enumerate(kept.shares):
            found[f"share_{number}"] = share
    found["seconds"] = outcome.seconds
    return found
