"""Side by side: how a task is learned by other objectives, and by a network that is given labels.

All have the same images, networks, augmentations, optimizer and number of steps: those of a restart that is accepted
and of the refinement. Each has `SETTINGS`, as many as the others; `--search N` tries the first N of them, and keeps the
one under which most held-out queries hold.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from gedi_nesy.training.config import TrainConfig

MethodName = Literal["gedi", "nesy", "entropy", "semantic-loss", "supervised"]
"""gedi: all terms, with restarts and verification. nesy: log P(query) alone, DeepProbLog's objective. entropy: and the
entropy of the mean prediction, to be maximised. semantic-loss: a head beside the rule guesses the answer from what the
networks read, and the rule holds of its guess. supervised: the labels of all images that the others are shown."""

SETTINGS: Mapping[MethodName, tuple[Mapping[str, float], ...]] = {
    "gedi": ({"prior": 2.0}, {"prior": 1.0}, {"prior": 4.0}),
    "nesy": ({"learning_rate": 1e-3}, {"learning_rate": 3e-4}, {"learning_rate": 3e-3}),
    "entropy": ({"entropy": 1.0}, {"entropy": 0.3}, {"entropy": 3.0}),
    "semantic-loss": ({"semantic": 1.0}, {"semantic": 0.1}, {"semantic": 10.0}),
    "supervised": ({"learning_rate": 1e-3}, {"learning_rate": 3e-4}, {"learning_rate": 3e-3}),
}
"""Weights of terms, or the learning rate; the first is what is used without a search."""

MOST_SETTINGS = len(SETTINGS["gedi"])

BY_ITSELF: tuple[MethodName, ...] = ("semantic-loss", "supervised")
"""Those that are no objective of the library, but trained by `baselines`."""


def settings_of(usual: TrainConfig, method: MethodName, number: int) -> TrainConfig:
    """What a method is trained with under one of its settings."""
    setting = SETTINGS[method][number]
    if method == "gedi":
        return replace(usual, objective={**usual.objective, **setting})
    rate = setting.get("learning_rate", usual.step.learning_rate)
    # one restart, without annealing or a search for a permutation: without L_INV there are no clusters to be named
    return replace(
        usual,
        objective={
            **dict.fromkeys(usual.objective, 0.0),
            "nesy": 1.0,
            "entropy": setting.get("entropy", 0.0),
        },
        step=replace(usual.step, learning_rate=rate),
        attempts=1,
        naming_every=0,
        reconsider=0,
        entropy_start=1.0,
        refine=usual.refine + usual.reconsider,
    )
