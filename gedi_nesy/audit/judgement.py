"""From evidence to a verdict. docs/verdict.md says where the thresholds come from, and what cannot be known."""

import math

from gedi_nesy.audit.evidence import (
    CONFIDENT,
    Evidence,
    beyond_chance,
    interval,
    wrong_queries,
)
from gedi_nesy.audit.verdict import Kind, Verdict

RIGHT = 0.8
"""Share of readings that must be right at the least: all m of a query then are in 0.8^m of the cases."""

PLAINLY = 0.9
"""The same, where it is enough by itself: networks that are too sure of what they read have learned all the same."""

ONE_SIDED = 1.645
"""Standard errors below a share for a bound that holds in 95% of all cases."""

MOSTLY = 0.5
"""Where some queries are wrong, the share beyond chance that must hold all the same."""

HARDLY = 0.25
"""Where the rule is wrong, the share beyond chance that may hold at the most, of training queries as well."""

FIRM = 0.5
"""NMI of the clusters of two restarts from which on they have found the same thing: half of what there is to know."""

TIMES_OVER = 4.0
"""How many times the information that names all symbols there must be in queries, before a rule is called wrong."""


def judge(evidence: Evidence) -> Verdict:
    """The verdict."""
    kind = _kind(evidence)
    accuracy = wrong = None
    if kind in ("grounded", "ambiguous"):
        _, high = interval(evidence.held, evidence.held_out)
        wrong = wrong_queries(evidence) if high < evidence.expected and _some_are_wrong(evidence) else None
    if kind == "grounded":
        # where queries are wrong, images that do not fit them are not misread
        accuracy = evidence.posterior if wrong is None else evidence.posterior_of_held
    return Verdict(
        verdict=kind,
        sentence=_sentence(kind, evidence, accuracy, wrong),
        held_out=evidence.held / evidence.held_out if evidence.held_out else None,
        agreement=evidence.agreement,
        estimated_accuracy=accuracy,
        readings=evidence.readings if kind in ("grounded", "ambiguous") else None,
        advice=_advice(kind, evidence, wrong),
        symbols_in_use=dict(evidence.symbols_in_use),
        training_hold=evidence.training_held / evidence.training if evidence.training else None,
        wrong_queries=wrong,
    )


def _kind(evidence: Evidence) -> Kind:
    unnoticed = evidence.unnoticed
    low, high = (beyond_chance(share, unnoticed) for share in interval(evidence.held, evidence.held_out))
    expected, enough = beyond_chance(evidence.expected, unnoticed), RIGHT**evidence.readings_per_query
    as_sure = high >= expected and low >= enough
    learned = expected >= enough and (as_sure or (low >= MOSTLY and _some_are_wrong(evidence)))
    if 2 * evidence.labels_misread > evidence.labels:
        return "unlearned"
    least, _ = interval(evidence.held, evidence.held_out, ONE_SIDED)
    plainly = beyond_chance(least, unnoticed) >= PLAINLY**evidence.readings_per_query
    if learned or plainly:
        return "ambiguous" if evidence.readings is not None and evidence.readings > 1 else "grounded"
    if any(2 * used <= evidence.symbols[name] for name, used in evidence.symbols_in_use.items()):
        return "collapsed"
    firm = evidence.clusters_agreement is not None and evidence.clusters_agreement >= FIRM
    _, training_high = interval(evidence.training_held, evidence.training)
    _, held_out_high = interval(evidence.held, evidence.held_out)
    most = beyond_chance(max(held_out_high, training_high), evidence.chance)
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
    if 2 * evidence.labels_misread > evidence.labels:
        return f"Unlearned: {evidence.labels_misread} of {evidence.labels} labelled images are read as something else."
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
        return ("Train longer, and with L_INV and L_PRIOR: the rule alone is satisfied by few symbols.",)
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
