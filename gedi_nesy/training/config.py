"""What a training run consists of, and what it keeps: settings, records of steps and of attempts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

from gedi_nesy.training.durability.checkpoint import Tree
from gedi_nesy.training.learner import StepConfig
from gedi_nesy.training.step import Terms, Weights

PRIOR_FACTORS = (1.0, 1.5, 0.5, 0.75)
"""What attempt 0, 1, 2, ... multiplies the weight of L_PRIOR by.

Few queries seldom show all symbols equally often. Where they do not, another weight finds the way out of a wrong naming
in which a rare symbol shares a cluster and the rest are shifted by one (docs/training.md).
"""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A run: up to `attempts` short annealed ones of `explore` steps, then `refine` steps from the best."""

    weights: Weights = field(default_factory=Weights)
    step: StepConfig = field(default_factory=StepConfig)
    attempts: int = 8
    explore: int = 350
    refine: int = 1000
    hold: float = 0.85
    """mean P(query) from which on names that held without the logic convince, and no further attempt is made"""
    accept: float = -1.0
    """and the L_INV + L_NESY over the training data (both at most 0) that must be reached as well"""
    accept_queries: int = 25
    """with fewer queries than this all attempts are made: few can be satisfied under wrong names"""
    entropy_start: float = -1.0
    """weight of the entropy in L_INV while an attempt begins; it rises to 1. 1 is the paper's, no annealing"""
    naming_every: int = 50
    """steps between two searches for better names of the clusters; 0 for none"""
    reconsider: int = 100
    """steps without logic by which the names of an attempt are tested, and with it if better ones are found; 0: none"""
    rounds: int = 3
    """times that better names may be found in this way"""
    warmup: int = 50

    def __post_init__(self) -> None:
        for name in ("attempts", "explore", "warmup", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("refine", "naming_every", "reconsider"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")
        if self.entropy_start > 1:
            raise ValueError(f"entropy_start={self.entropy_start} must be at most 1")

    @property
    def max_steps(self) -> int:
        """Steps if all attempts are made, and all find better names in every round."""
        return self.attempts * (self.explore + 2 * self.rounds * self.reconsider) + self.refine


class Record(NamedTuple):
    """One step, as the history keeps it."""

    phase: str
    step: int
    terms: Terms


class Attempt(NamedTuple):
    """How an attempt ended: the terms over the training data, and the objective they add up to (without L_GEN).

    `held` is the mean P(query) after a while without the logic, if the names held; else, or untested, it is None.
    """

    prior_weight: float
    terms: Terms
    objective: float
    held: float | None

    def convinces(self, queries: int, config: TrainConfig) -> bool:
        """Enough queries, so well explained, by names so firm, that no other attempt is needed."""
        if self.terms.nesy is None or queries < config.accept_queries:
            return False
        if self.held is None or self.held < config.hold:
            return False
        return self.terms.inv + self.terms.nesy >= config.accept


def objective(terms: Terms, weights: Weights) -> float:
    """The weighted sum of the terms that can be compared between networks; L_GEN is known only up to a constant."""
    return weights.inv * terms.inv + weights.prior * terms.prior + weights.nesy * (terms.nesy or 0.0)


def packed(history: Sequence[Record]) -> Tree:
    """A history as a few tensors, for a checkpoint; NaN stands for a term that was left out."""
    names = sorted({record.phase for record in history})
    rows = [[math.nan if term is None else term for term in record.terms] for record in history]
    return {
        "phases": names,
        "phase": torch.tensor([names.index(record.phase) for record in history], dtype=torch.int64),
        "step": torch.tensor([record.step for record in history], dtype=torch.int64),
        "terms": torch.tensor(rows, dtype=torch.float64).view(len(rows), len(Terms._fields)),
    }


def unpacked(tree: Tree) -> list[Record]:
    """The history that `packed` packed."""
    rows: list[list[Any]] = [
        [None if math.isnan(term) else term for term in row] for row in tree["terms"].tolist()
    ]
    phases = [tree["phases"][index] for index in tree["phase"].tolist()]
    steps = tree["step"].tolist()
    return [Record(phase, step, Terms(*row)) for phase, step, row in zip(phases, steps, rows, strict=True)]
