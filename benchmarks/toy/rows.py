"""The rows of the toy table: trained side by side, begun again where the objective says so, or scikit-learn's."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks.runner import fault_tolerance
from benchmarks.toy import baselines
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Sets
from benchmarks.toy.methods import Trained
from benchmarks.toy.outcome import Outcome, without_model
from benchmarks.toy.swav import SwAV
from benchmarks.toy.train import Cell, Report, outcomes, train_stack


def run_trained(
    method: Trained,
    config: ToyConfig,
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
        saver = fault_tolerance.saver_of(config, folder / f"attempt-{attempt}", identity, device)
        learner = train_stack(cells, config.preset, settings, num_clusters, device, report, saver)
        seconds = saver.seconds / len(cells)
        for index, new in zip(
            open_, outcomes(learner, cells, [grids[i] for i in open_], seconds), strict=True
        ):
            kept[index] = _better(kept[index], new)
    return [each for each in kept if each is not None]


def _worth_another(outcome: Outcome, method: Trained, config: ToyConfig) -> bool:
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
    config: ToyConfig,
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
        found.append(without_model(predictions[index], on_grid, seconds))
    return found


def run_baseline(
    method: baselines.Baseline, num_clusters: int, seed: int, sets: Sets, grid: Tensor
) -> Outcome:
    """scikit-learn's clusterings, asked for the test points and the grid at once."""
    begun = time.perf_counter()
    asked = torch.cat([sets.test.inputs, grid]).numpy()
    answers = baselines.run(method, sets.train.inputs.numpy(), asked, num_clusters, seed)
    count = len(sets.test.inputs)
    return without_model(answers[:count], answers[count:], time.perf_counter() - begun)
