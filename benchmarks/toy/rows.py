"""The rows of the toy table: trained side by side, restarted where their objective says so, or scikit-learn's."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.runner import fault_tolerance
from benchmarks.toy import baselines, search
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Sets
from benchmarks.toy.methods import Trained
from benchmarks.toy.outcome import Outcome, without_model
from benchmarks.toy.swav import SETTINGS
from benchmarks.toy.train import Cell, Report, learn, outcomes, stack_of, swav_of, swav_outcomes


def run_trained(
    method: Trained,
    config: ToyConfig,
    num_clusters: int,
    seeds: Sequence[int],
    sets: Sequence[Sets],
    device: torch.device,
    report: Report,
    folder: Path,
) -> list[Outcome]:
    """A row for all its seeds and data sets: attempts as `search` says, of which the best is kept."""
    weights = toy_methods.weights_of(method, config.weights())
    kept: list[Outcome | None] = [None] * len(seeds)
    for attempt in range(search.limit(method, config)):
        open_ = [
            index
            for index, each in enumerate(kept)
            if each is None or search.worth_another(each, method, config)
        ]
        if not open_:
            break
        cells = [Cell(seeds[index], attempt, sets[index], weights) for index in open_]
        place = folder / f"attempt-{attempt}"
        for index, new in zip(
            open_, _attempt(method, config, num_clusters, cells, device, report, place), strict=True
        ):
            kept[index] = search.better(kept[index], new)
    return [each for each in kept if each is not None]


def _attempt(
    method: Trained,
    config: ToyConfig,
    num_clusters: int,
    cells: Sequence[Cell],
    device: torch.device,
    report: Report,
    folder: Path,
) -> list[Outcome]:
    """One attempt of all cells, which have the same number of it, in one stack; saved in the folder meanwhile."""
    attempt = cells[0].attempt
    settings = toy_methods.config_of(method, config.preset, config.iterations)
    stack = f"{settings} {SETTINGS[attempt]}" if method == "SwAV" else repr(settings)
    identity = {
        "method": method,
        "cells": [(cell.seed, cell.attempt, *cell.weights) for cell in cells],
        "stack": stack,
    }
    saver = fault_tolerance.saver_of(config, folder, identity, device)
    if method == "SwAV":
        learner = swav_of(cells, SETTINGS[attempt], settings, num_clusters, device)
        learn(learner, report, saver)
        return swav_outcomes(learner, cells, saver.seconds / len(cells))
    learner = stack_of(cells, config.preset, settings, num_clusters, device)
    learn(learner, report, saver)
    return outcomes(learner, cells, saver.seconds / len(cells))


def run_baseline(method: baselines.Baseline, num_clusters: int, seed: int, sets: Sets) -> Outcome:
    """scikit-learn's clusterings, asked for the test points and the grid at once."""
    begun = time.perf_counter()
    asked = torch.cat([sets.test.inputs, sets.grid()]).numpy()
    answers = baselines.run(method, sets.train.inputs.numpy(), asked, num_clusters, seed)
    count = len(sets.test.inputs)
    return without_model(answers[:count], answers[count:], time.perf_counter() - begun)
