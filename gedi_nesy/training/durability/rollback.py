"""States to go back to when training diverges: kept in memory, and good only once the steps after them were healthy."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Generator, Tensor

from gedi_nesy.training.durability.checkpoint import Tree


class Recovery(NamedTuple):
    """One return to a good state, as the record of a run keeps it."""

    phase: str
    step: int
    """of the phase, at which it diverged"""
    back_to: int
    """step of the phase from which it went on"""
    caution: int
    """how often this learner has gone back by now: learning rate and Langevin step are halved as often"""
    reason: str
    after: int
    """steps that the history held by then"""


class Rollback:
    """The last state known to be good, and a newer one that has yet to prove itself."""

    def __init__(self, state: Tree):
        self.good = self.candidate = copied(state)

    def passed(self, state: Callable[[], Tree]) -> None:
        """The steps since the candidate were healthy: it is the good one now, and this state the candidate."""
        self.good, self.candidate = self.candidate, copied(state())

    def tree(self) -> Tree:
        return {"good": self.good, "candidate": self.candidate}

    @classmethod
    def of(cls, tree: Tree) -> "Rollback":
        """What `tree` returned, read from a checkpoint."""
        rollback = cls(tree["good"])
        rollback.candidate = copied(tree["candidate"])
        return rollback


def copied(tree: Tree) -> Tree:
    """The tree with tensors of its own."""
    if isinstance(tree, Tensor):
        return tree.detach().clone()
    if isinstance(tree, dict):
        return {key: copied(part) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [copied(part) for part in tree]
    return tree


def reseed(generator: Generator, caution: int) -> None:
    """A fresh stream of random numbers, the same in every run that goes back for the `caution`-th time."""
    sequence = np.random.SeedSequence([generator.initial_seed(), caution])
    generator.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1)))
