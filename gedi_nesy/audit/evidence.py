"""What a verdict is made of: numbers that are counted of trained networks, and what follows from them.

Pure functions; `gedi_nesy.tasks.evidence` counts.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CONFIDENT = 2.0
"""Standard errors to either side of a share: an interval of 95%."""

USED = 0.25
"""A symbol is in use where it is read at least this often, of what would be its part if all were read equally often."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a verdict is made of."""

    held: int
    """held-out queries that hold"""
    held_out: int
    """of so many"""
    training_held: int
    training: int
    chance: float
    """share that would hold if each image were read as any symbol, as often as each is read"""
    chance_if_misread: float
    """share that would hold if one reading of each query were another symbol"""
    expected: float
    """share of held-out queries that would hold if readings were right as often as the networks are sure of them, or
    99 of 100 times where they are surer"""
    temperature: float
    """that makes held-out queries likeliest: below 1, networks are less sure than they are right"""
    posterior: float
    """mean probability, given that its query holds, that an image is what it is read as: held-out queries, at that
    temperature"""
    posterior_of_held: float
    """the same over those held-out queries that hold of what is read"""
    readings_per_query: float
    """on average, of held-out queries"""
    training_expected: float
    """as `expected`, of training queries"""
    symbols_in_use: Mapping[str, int]
    symbols: Mapping[str, int]
    """how many there are, by network"""
    labels: int = 0
    """images whose symbol was told"""
    labels_misread: int = 0
    readings: int | None = None
    """one-to-one maps of the symbols under which what is read holds as well; None: not counted"""
    agreement: float | None = None
    clusters_agreement: float | None = None
    """mean NMI of the clusters that two restarts find without the rule"""

    @property
    def unnoticed(self) -> float:
        """The share that holds although readings are wrong; where all are one symbol, none is ever another."""
        return max(self.chance, self.chance_if_misread)

    def to_document(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return asdict(self)


def interval(held: int, of: int, errors: float = CONFIDENT) -> tuple[float, float]:
    """Wilson's interval of a share, of so many standard errors; (0, 1) where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, square = held / of, errors**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = errors / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def beyond_chance(share: float, chance: float) -> float:
    """How far a share is on the way from chance to 1."""
    return (share - chance) / (1 - chance) if chance < 1 else 0.0


def symbols_in_use(counts: list[int]) -> int:
    """How many symbols are read often enough to count."""
    return sum(count >= USED * sum(counts) / len(counts) and count > 0 for count in counts)


def wrong_queries(evidence: Evidence) -> float:
    """The share of training queries that do not hold although the networks read what is there."""
    expected = beyond_chance(evidence.training_expected, evidence.unnoticed)
    if not evidence.training or expected <= 0:
        return 0.0
    found = beyond_chance(evidence.training_held / evidence.training, evidence.unnoticed)
    return min(1.0, max(0.0, 1.0 - found / expected))
