"""A verdict, as `verdict.json` holds it, in the words of the page."""

from collections.abc import Mapping
from typing import Any

from gedi_nesy.report.page.content import Finding, Tone

TONES: dict[str, Tone] = {
    "grounded": "good",
    "ambiguous": "doubtful",
    "unlearned": "bad",
    "collapsed": "bad",
    "wrong-rule": "bad",
}


def finding_of(verdict: Mapping[str, Any]) -> Finding:
    """The verdict on a rule: its word, its sentence, the figures that are known, and what to do."""
    shares = {
        "held-out queries that hold": verdict.get("held_out"),
        "training queries that hold": verdict.get("training_hold"),
        "agreement of independent restarts": verdict.get("agreement"),
        "estimated accuracy": verdict.get("estimated_accuracy"),
    }
    facts = {name: f"{share:.1%}" for name, share in shares.items() if share is not None}
    in_use = verdict.get("symbols_in_use") or {}
    for network, number in in_use.items():
        facts["symbols in use" + (f" ({network})" if len(in_use) > 1 else "")] = f"{number:,}"
    if verdict.get("readings") is not None:
        facts["readings the rule leaves"] = f"{verdict['readings']:,}"
    word = str(verdict["verdict"])
    return Finding(
        word=word,
        tone=TONES.get(word, "doubtful"),
        sentence=str(verdict["sentence"]),
        facts=facts,
        advice=tuple(verdict.get("advice") or ()),
    )
