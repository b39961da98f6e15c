"""Phases of a training run, and learning rate and entropy weight over each; progress runs from 0 to 1."""

import math
from typing import Literal

from gedi_nesy.training.config import TrainConfig

Phase = Literal["cluster", "explore", "reconsider", "confirm", "refine", "done"]
"""cluster: a restart begins without logic. explore: and goes on with it. reconsider: a copy learns on without logic.
confirm: and with it, under another permutation."""


def cosine(iteration: int, iterations: int, warmup: int) -> float:
    """Linear warm-up from 0, times half a cosine from 1 to 0."""
    return min(1.0, (iteration + 1) / warmup) * 0.5 * (1.0 + math.cos(math.pi * iteration / iterations))


def annealed(progress: float, start: float, begin: float = 0.1, end: float = 0.7) -> float:
    """The entropy weight of L_INV: `start` until `begin`, then a straight line to 1 at `end`."""
    return start + (1.0 - start) * min(1.0, max(0.0, (progress - begin) / (end - begin)))


def num_steps(config: TrainConfig, phase: Phase) -> int:
    """How many a phase has."""
    steps = {"cluster": config.cluster, "explore": config.explore, "refine": config.refine}
    return steps.get(phase, config.reconsider)


def steps_before(config: TrainConfig, phase: Phase, round_: int, clustered: bool) -> int:
    """Steps of a restart before this phase of it: they are counted on, through all rounds of verification."""
    if phase in ("cluster", "refine", "done"):
        return 0
    before = config.cluster if clustered else 0
    if phase == "explore":
        return before
    return before + config.explore + (2 * round_ + (phase == "confirm")) * config.reconsider


def learning_rate(config: TrainConfig, phase: Phase, step: int) -> float:
    """Of a step: it falls to 0 in every phase but that of the copy without logic, which is to move."""
    if phase == "reconsider" or config.schedule == "constant":
        return config.step.learning_rate
    return config.step.learning_rate * cosine(step, num_steps(config, phase), config.warmup)


def entropy_weight(config: TrainConfig, phase: Phase, step: int, clustered: bool) -> float:
    """Deterministic annealing: predictions begin soft and sharpen, while clusters form or the logic names them."""
    if phase == ("cluster" if clustered else "explore"):
        return annealed(step / num_steps(config, phase), config.entropy_start)
    return 1.0
