"""What became of the symbols, said without a label: a kind, a sentence, and numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from gedi_nesy.errors import ConfigError

Kind = Literal["grounded", "ambiguous", "unlearned", "collapsed", "wrong-rule"]


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
    wrong_queries: float | None = None
    """share of training queries that seem to be wrong, where that is why some do not hold"""

    def to_document(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {**asdict(self), "advice": list(self.advice)}


def from_document(document: Mapping[str, Any]) -> Verdict:
    """The verdict that `to_document` wrote; ConfigError if it is none."""
    names = {field.name for field in fields(Verdict)}
    missing = sorted(names - set(document) - {"training_hold", "wrong_queries"})
    if missing:
        raise ConfigError(f"no verdict: {', '.join(missing)} is missing")
    known = {name: value for name, value in document.items() if name in names}
    return Verdict(**{**known, "advice": tuple(known["advice"])})
