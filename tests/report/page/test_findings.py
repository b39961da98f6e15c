"""A verdict in the words of the page."""

import pytest

from gedi_nesy.report.page.findings import TONES, finding_of

VERDICT = {
    "verdict": "grounded",
    "sentence": "It was learned.",
    "held_out": 0.9534,
    "agreement": None,
    "estimated_accuracy": 0.98,
    "readings": 1,
    "advice": ["Keep it."],
    "symbols_in_use": {"digit_net": 10},
    "training_hold": 0.97,
}


def test_what_is_known_is_shown_and_what_is_not_is_left_out():
    found = finding_of(VERDICT)
    assert (found.word, found.tone, found.sentence) == ("grounded", "good", "It was learned.")
    assert found.facts == {
        "held-out queries that hold": "95.3%",
        "training queries that hold": "97.0%",
        "estimated accuracy": "98.0%",
        "symbols in use": "10",
        "readings the rule leaves": "1",
    }
    assert found.advice == ("Keep it.",)


def test_several_networks_are_told_apart():
    found = finding_of(VERDICT | {"symbols_in_use": {"a": 2, "b": 3}})
    assert found.facts["symbols in use (a)"] == "2"


@pytest.mark.parametrize("word", ["grounded", "ambiguous", "unlearned", "collapsed", "wrong-rule"])
def test_every_verdict_has_a_tone(word):
    assert finding_of(VERDICT | {"verdict": word}).tone == TONES[word]
