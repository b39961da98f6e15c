"""What became of the symbols, said without a label: from what trained networks read in queries, held out or not.

Pure functions of numbers, which `gedi_nesy.tasks` measures. docs/verdict.md says where the thresholds come from, and
what cannot be known.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from gedi_nesy.errors import ConfigError

Kind = Literal["grounded", "ambiguous", "unlearned", "collapsed", "wrong-rule"]

CONFIDENT = 2.0
"""Standard errors to either side of a share: an interval of 95%."""

CLEAR = 0.6
"""Of what held-out queries could hold beyond chance, the share that must hold at the least, to be sure of anything."""

USED = 0.25
"""A symbol is in use where it is read at least this often, of what would be its part if all were read equally often."""


@dataclass(frozen=True)
class Verdict:
    """Whether the networks' symbols mean what the rule says, in a sentence and in numbers."""

    verdict: Kind
    sentence: str
    """for a person, one sentence"""
    held_out: float | None
    """share of held-out queries that hold of what the networks read"""
    agreement: float | None
    """of independent restarts, in what they read, [0, 1]; None where only one was made"""
    estimated_accuracy: float | None
    """how many images are read right, given only where grounded"""
    readings: int | None
    """one-to-one concept maps that the queries leave; 1: what the symbols mean is settled; None: not counted"""
    advice: tuple[str, ...]
    """what to do, a sentence each"""
    symbols_in_use: dict[str, int]
    """by network"""
    training_hold: float | None = None
    """the same share on training queries"""

    def to_document(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {**asdict(self), "advice": list(self.advice)}


def from_document(document: Mapping[str, Any]) -> Verdict:
    """The verdict that `to_document` wrote; ConfigError if it is none."""
    names = {field.name for field in fields(Verdict)}
    missing = sorted(names - set(document) - {"training_hold"})
    if missing:
        raise ConfigError(f"no verdict: {', '.join(missing)} is missing")
    known = {name: value for name, value in document.items() if name in names}
    return Verdict(**{**known, "advice": tuple(known["advice"])})


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
    """share that would hold if each image were any of those that are read"""
    expected: float
    """share of held-out queries that would hold if readings were right as often as the networks are sure of them"""
    posterior: float
    """mean probability, given that its query holds, that an image is what it is read as"""
    symbols_in_use: Mapping[str, int]
    symbols: Mapping[str, int]
    """how many there are, by network"""
    readings: int | None = None
    """one-to-one maps of the symbols under which what is read holds as well; None: not counted"""
    agreement: float | None = None
    clusters_agreement: float | None = None
    """mean NMI of the clusters that two restarts find without the rule"""


def interval(held: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a share, of two standard errors; (0, 1) where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    share, square = held / of, CONFIDENT**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = CONFIDENT / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def beyond_chance(share: float, chance: float) -> float:
    """How far a share is on the way from chance to 1."""
    return (share - chance) / (1 - chance) if chance < 1 else 0.0


def symbols_in_use(counts: list[int]) -> int:
    """How many symbols are read often enough to count."""
    return sum(count >= USED * sum(counts) / len(counts) and count > 0 for count in counts)


def judge(evidence: Evidence) -> Verdict:
    """The verdict."""
    kind = _kind(evidence)
    share = evidence.held / evidence.held_out if evidence.held_out else None
    return Verdict(
        verdict=kind,
        sentence=_sentence(kind, evidence),
        held_out=share,
        agreement=evidence.agreement,
        estimated_accuracy=evidence.posterior if kind == "grounded" else None,
        readings=evidence.readings,
        advice=_advice(kind, evidence),
        symbols_in_use=dict(evidence.symbols_in_use),
        training_hold=evidence.training_held / evidence.training if evidence.training else None,
    )


def _kind(evidence: Evidence) -> Kind:
    low, high = interval(evidence.held, evidence.held_out)
    few = any(2 * used <= evidence.symbols[name] for name, used in evidence.symbols_in_use.items())
    clear = beyond_chance(low, evidence.chance) >= CLEAR
    if few and not clear:
        return "collapsed"
    if clear and high >= evidence.expected:
        return "ambiguous" if evidence.readings is not None and evidence.readings > 1 else "grounded"
    return "unlearned"


def _sentence(kind: Kind, evidence: Evidence) -> str:
    held = (
        f"{evidence.held} of {evidence.held_out} held-out queries hold of what is read"
        if evidence.held_out
        else "no query was held out"
    )
    if kind == "grounded":
        unique = (
            "and one reading of the symbols is left"
            if evidence.readings is not None
            else "and how many other readings of the symbols there are could not be counted"
        )
        return f"Grounded: {held}, {unique}; about {evidence.posterior:.1%} of the images are read right."
    if kind == "ambiguous":
        return (
            f"Ambiguous: {held}, but {evidence.readings:,} readings of the symbols satisfy the queries as well as this"
            " one, and only labels can tell which is meant."
        )
    if kind == "collapsed":
        used = ", ".join(
            f"{used} of {evidence.symbols[name]} of {name}" for name, used in evidence.symbols_in_use.items()
        )
        return (
            f"Collapsed: few symbols are in use ({used}); {held}, and by chance {evidence.chance:.0%} would."
        )
    return f"Unlearned: {held}, where {evidence.expected:.0%} would if networks were right as often as they are sure."


def _advice(kind: Kind, evidence: Evidence) -> tuple[str, ...]:
    if kind == "grounded":
        return ()
    if kind == "ambiguous":
        return ("Label an image each of a few symbols: those that are worth it can be asked for.",)
    if kind == "collapsed":
        return ("Train with L_INV and L_PRIOR: the rule alone is satisfied by few symbols.",)
    more = max(2 * evidence.training, 100)
    return (
        "Train longer, or with another seed.",
        f"Take more queries: about {more:,}.",
        "Label a few images of each symbol.",
    )
