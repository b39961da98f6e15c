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

RIGHT = 0.8
"""Share of readings that must be right at the least: all m of a query then are in 0.8^m of the cases."""

MOSTLY = 0.5
"""Where some queries are wrong, the share beyond chance that must hold all the same."""

HARDLY = 0.25
"""Where the rule is wrong, the share beyond chance that may hold at the most, of training queries as well."""

FIRM = 0.5
"""NMI of the clusters of two restarts from which on they have found the same thing: half of what there is to know."""

TIMES_OVER = 4.0
"""How many times the information that names all symbols there must be in queries, before a rule is called wrong."""

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
    """mean probability, given that its query holds, that an image is what it is read as, in held-out queries"""
    posterior_of_held: float
    """the same over those held-out queries that hold of what is read"""
    readings_per_query: float
    """on average, of held-out queries"""
    training_expected: float
    """as `expected`, of training queries"""
    symbols_in_use: Mapping[str, int]
    symbols: Mapping[str, int]
    """how many there are, by network"""
    readings: int | None = None
    """one-to-one maps of the symbols under which what is read holds as well; None: not counted"""
    agreement: float | None = None
    clusters_agreement: float | None = None
    """mean NMI of the clusters that two restarts find without the rule"""

    def to_document(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return asdict(self)


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
    accuracy = wrong = None
    if kind in ("grounded", "ambiguous"):
        _, high = interval(evidence.held, evidence.held_out)
        wrong = wrong_queries(evidence) if high < evidence.expected else None
    if kind == "grounded":
        accuracy = estimated_accuracy(evidence) if wrong is None else evidence.posterior_of_held
    return Verdict(
        verdict=kind,
        sentence=_sentence(kind, evidence, accuracy, wrong),
        held_out=evidence.held / evidence.held_out if evidence.held_out else None,
        agreement=evidence.agreement,
        estimated_accuracy=accuracy,
        readings=evidence.readings,
        advice=_advice(kind, evidence, wrong),
        symbols_in_use=dict(evidence.symbols_in_use),
        training_hold=evidence.training_held / evidence.training if evidence.training else None,
        wrong_queries=wrong,
    )


def _kind(evidence: Evidence) -> Kind:
    low, high = (
        beyond_chance(share, evidence.chance) for share in interval(evidence.held, evidence.held_out)
    )
    expected, enough = beyond_chance(evidence.expected, evidence.chance), RIGHT**evidence.readings_per_query
    as_sure = high >= expected and low >= enough
    if expected >= enough and (as_sure or (low >= MOSTLY and _some_are_wrong(evidence))):
        return "ambiguous" if evidence.readings is not None and evidence.readings > 1 else "grounded"
    if any(2 * used <= evidence.symbols[name] for name, used in evidence.symbols_in_use.items()):
        return "collapsed"
    firm = evidence.clusters_agreement is not None and evidence.clusters_agreement >= FIRM
    _, training_high = interval(evidence.training_held, evidence.training)
    most = max(high, beyond_chance(training_high, evidence.chance))
    if firm and most < HARDLY and _tells_permutations_apart(evidence):
        return "wrong-rule"
    return "unlearned"


def _some_are_wrong(evidence: Evidence) -> bool:
    """No more training queries hold than held-out ones: nothing was memorised, and those that do not hold are wrong.

    Of a network that has bent images to what it was told, training queries hold far more often than others.
    """
    first, other = evidence.training_held, evidence.held
    if not evidence.training:
        return False
    joint = (first + other) / (evidence.training + evidence.held_out)
    error = math.sqrt(joint * (1 - joint) * (1 / evidence.training + 1 / evidence.held_out))
    return first / evidence.training - other / evidence.held_out <= CONFIDENT * error


def estimated_accuracy(evidence: Evidence) -> float:
    """The lower of two estimates, each of which is too high in its own way.

    The mean posterior believes networks that are too sure. The share a^m of queries beyond chance of which all m
    readings are right, each with probability a, takes as right what is misread and does not matter to the query.
    """
    held = evidence.held / evidence.held_out if evidence.held_out else 0.0
    all_right = max(0.0, beyond_chance(held, evidence.chance))
    return min(evidence.posterior, all_right ** (1.0 / evidence.readings_per_query))


def wrong_queries(evidence: Evidence) -> float:
    """The share of training queries that do not hold although the networks read what is there."""
    expected = beyond_chance(evidence.training_expected, evidence.chance)
    if not evidence.training or expected <= 0:
        return 0.0
    found = beyond_chance(evidence.training_held / evidence.training, evidence.chance)
    return min(1.0, max(0.0, 1.0 - found / expected))


def _tells_permutations_apart(evidence: Evidence) -> bool:
    """Training queries have several times the bits that the choice of a permutation of all symbols takes."""
    needed = sum(math.lgamma(symbols + 1) for symbols in evidence.symbols.values())
    chance = min(max(evidence.chance, 1e-9), 1.0)
    return -evidence.training * math.log(chance) >= TIMES_OVER * needed


def _sentence(kind: Kind, evidence: Evidence, accuracy: float | None, wrong: float | None) -> str:
    held = (
        f"{evidence.held} of {evidence.held_out} held-out queries hold of what is read"
        if evidence.held_out
        else "no query was held out"
    )
    if kind == "grounded":
        assert accuracy is not None
        unique = (
            "one reading of the symbols is left"
            if evidence.readings is not None
            else "how many other readings of the symbols there are could not be counted"
        )
        doubtful = f", about {wrong:.0%} of the queries seem to be wrong" if wrong else ""
        return f"Grounded: {held}, {unique}{doubtful}; about {accuracy:.1%} of the images are read right."
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
    expected = f"{held}, where {evidence.expected:.0%} would if networks were right as often as they are sure"
    if kind == "wrong-rule":
        trained = f"{evidence.training_held} of {evidence.training} others"
        return f"Wrong rule: restarts find the same clusters, and no naming makes queries hold: {held}, and {trained}."
    return f"Unlearned: {expected}."


def _advice(kind: Kind, evidence: Evidence, wrong: float | None) -> tuple[str, ...]:
    if kind == "grounded":
        again = "Look at the queries that do not hold, and train again without those that are wrong."
        return (again,) if wrong else ()
    if kind == "ambiguous":
        return ("Label one image each of a few symbols: which ones are worth it can be asked for.",)
    if kind == "collapsed":
        return ("Train with L_INV and L_PRIOR: the rule alone is satisfied by few symbols.",)
    if kind == "wrong-rule":
        return (
            "Check the rule, and the order of a query's images, on a few queries by hand.",
            "If the rule is right, label an image of each symbol: then it shows which queries fail.",
        )
    more = max(2 * (evidence.training + evidence.held_out), 100)
    return (
        "Train longer, or with another seed.",
        f"Take more queries: about {more:,}.",
        "Label an image of each symbol: which ones are worth it can be asked for.",
    )
