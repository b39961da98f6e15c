"""What a training run keeps of itself: a record of every step, and of how every restart ended."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from gedi_nesy.objectives.table import Terms
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint import Tree


class Record(NamedTuple):
    """One step, as the history keeps it."""

    phase: str
    step: int
    terms: Terms


class Attempt(NamedTuple):
    """How a restart ended: the terms over the training data, and the objective they add up to (without L_GEN).

    `held` is the mean P(query) after a while without the logic, if the permutation held; else, or untested, it is None.
    """

    prior_weight: float
    terms: Terms
    objective: float
    held: float | None

    def accepted(self, queries: int, config: TrainConfig) -> bool:
        """Enough queries, so well explained, by a permutation so firm, that no other restart is needed."""
        inv, nesy = self.terms["inv"], self.terms["nesy"]
        if inv is None or nesy is None or queries < config.accept_queries:
            return False
        if self.held is None or self.held < config.hold:
            return False
        return inv + nesy >= config.accept


def renamed(history: Sequence[Record], phase: str, first: int, name: str) -> list[Record]:
    """The history with another name for a phase from its step `first` on: steps that will be taken again.

    So no two records have one phase and step.
    """
    return [
        record._replace(phase=name) if record.phase == phase and record.step >= first else record
        for record in history
    ]


def packed(history: Sequence[Record]) -> Tree:
    """A history as a few tensors, for a checkpoint; NaN stands for a term that was left out."""
    phases = sorted({record.phase for record in history})
    names = list(dict.fromkeys(name for record in history for name in record.terms))
    rows = [[_number(record.terms.get(name)) for name in names] for record in history]
    return {
        "phases": phases,
        "names": names,
        "phase": torch.tensor([phases.index(record.phase) for record in history], dtype=torch.int64),
        "step": torch.tensor([record.step for record in history], dtype=torch.int64),
        "terms": torch.tensor(rows, dtype=torch.float64).view(len(rows), len(names)),
    }


def unpacked(tree: Tree) -> list[Record]:
    """The history that `packed` packed."""
    rows: list[list[Any]] = [
        [None if math.isnan(term) else term for term in row] for row in tree["terms"].tolist()
    ]
    phases = [tree["phases"][index] for index in tree["phase"].tolist()]
    return [
        Record(phase, step, dict(zip(tree["names"], row, strict=True)))
        for phase, step, row in zip(phases, tree["step"].tolist(), rows, strict=True)
    ]


def _number(term: float | None) -> float:
    return math.nan if term is None else term
