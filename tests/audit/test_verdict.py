"""Verdicts from numbers: which kind, and that few queries make it cautious."""

from dataclasses import replace

import pytest
from scipy.stats import binomtest

from gedi_nesy.audit.evidence import Evidence, interval, symbols_in_use
from gedi_nesy.audit.judgement import judge
from gedi_nesy.audit.verdict import Verdict, from_document
from gedi_nesy.errors import ConfigError

LEARNED = Evidence(
    held=57,
    held_out=60,
    training_held=335,
    training=340,
    chance=0.1,
    chance_if_misread=0.1,
    expected=0.94,
    temperature=1.0,
    posterior=0.985,
    posterior_of_held=0.987,
    readings_per_query=2.0,
    training_expected=0.95,
    symbols_in_use={"digit_net": 10},
    symbols={"digit_net": 10},
    readings=1,
)


def test_what_holds_of_held_out_queries_as_networks_are_sure_is_grounded():
    found = judge(LEARNED)
    assert found.verdict == "grounded"
    assert found.held_out == 0.95
    assert found.estimated_accuracy == 0.985
    assert "57 of 60" in found.sentence


def test_what_other_readings_satisfy_as_well_is_ambiguous():
    found = judge(replace(LEARNED, readings=2))
    assert found.verdict == "ambiguous"
    assert found.estimated_accuracy is None
    assert "2 readings" in found.sentence


def test_readings_that_could_not_be_counted_are_said_to_be_so():
    found = judge(replace(LEARNED, readings=None))
    assert found.verdict == "grounded"
    assert "could not be counted" in found.sentence


def test_networks_that_are_sure_of_what_does_not_hold_have_not_learned():
    found = judge(replace(LEARNED, held=42))
    assert found.verdict == "unlearned"
    assert found.estimated_accuracy is None
    assert found.advice


def test_networks_that_are_too_sure_have_learned_where_nine_of_ten_readings_are_right():
    """Of a run whose accuracy was 0.984; and queries of three digits, of which runs that had not learned held 0.75."""
    too_sure = replace(LEARNED, held=55, training_held=338, expected=0.985)
    found = judge(too_sure)
    assert found.verdict == "grounded"
    assert found.wrong_queries is None
    assert judge(replace(too_sure, held=53)).verdict == "unlearned"
    assert judge(replace(too_sure, held=45, readings_per_query=3.0)).verdict == "unlearned"


def test_networks_that_read_labelled_images_as_something_else_have_not_learned():
    found = judge(replace(LEARNED, labels=3, labels_misread=2))
    assert found.verdict == "unlearned"
    assert found.readings is None
    assert "2 of 3 labelled images" in found.sentence
    assert judge(replace(LEARNED, labels=3, labels_misread=1)).verdict == "grounded"


def test_a_few_queries_that_hold_say_little():
    assert judge(replace(LEARNED, held=4, held_out=4)).verdict == "unlearned"
    assert judge(replace(LEARNED, held=0, held_out=0)).verdict == "unlearned"


def test_networks_that_are_not_sure_of_anything_have_not_learned_whatever_holds():
    """As many hold as they expect, and more: of an accuracy of two thirds."""
    unsure = replace(
        LEARNED,
        held=27,
        training_held=238,
        chance=0.17,
        chance_if_misread=0.17,
        expected=0.20,
        posterior=0.48,
    )
    assert judge(unsure).verdict == "unlearned"


def test_queries_that_are_wrong_are_as_many_in_training_as_among_those_held_out():
    """Three in ten are; of a network that had bent its images to them, nearly all of training would hold."""
    noisy = replace(LEARNED, held=43, training_held=245)
    found = judge(noisy)
    assert found.verdict == "grounded"
    assert found.wrong_queries == pytest.approx(0.3, abs=0.05)
    assert found.estimated_accuracy == noisy.posterior_of_held
    assert "queries seem to be wrong" in found.sentence
    assert judge(replace(noisy, training_held=330)).verdict == "unlearned"
    assert judge(LEARNED).wrong_queries is None


def test_the_same_clusters_in_all_restarts_and_no_name_for_them_is_a_wrong_rule():
    wrong = replace(LEARNED, held=6, training_held=45, clusters_agreement=0.85)
    found = judge(wrong)
    assert found.verdict == "wrong-rule"
    assert "rule" in found.advice[0]
    # restarts that do not agree have not learned, nor is it known of a single one
    assert judge(replace(wrong, clusters_agreement=0.4)).verdict == "unlearned"
    assert judge(replace(wrong, clusters_agreement=None)).verdict == "unlearned"
    # nor of one that satisfies what it was trained on, or some of it
    assert judge(replace(wrong, training_held=130)).verdict == "unlearned"
    assert judge(replace(wrong, training_held=300)).verdict == "unlearned"
    # ten symbols have 10! names, 22 bits: few queries cannot tell them apart, whatever the rule
    assert judge(replace(wrong, training=14, training_held=9)).verdict == "unlearned"


def test_few_symbols_whose_queries_hold_by_chance_as_often_are_collapsed():
    found = judge(
        replace(LEARNED, held=60, chance=1.0, chance_if_misread=1.0, symbols_in_use={"digit_net": 1})
    )
    assert found.verdict == "collapsed"
    assert "1 of 10 of digit_net" in found.sentence


@pytest.mark.parametrize(("held", "of"), [(0, 7), (5, 9), (57, 60), (20, 20)])
def test_the_interval_is_wilsons(held, of):
    # two standard errors are 95.45%
    expected = binomtest(held, of).proportion_ci(0.954499736, method="wilson")
    assert interval(held, of) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_a_symbol_that_is_hardly_ever_read_is_not_in_use():
    assert symbols_in_use([50, 40, 10, 0]) == 3
    assert symbols_in_use([97, 1, 1, 1]) == 1


def test_a_verdict_is_written_and_read():
    found = judge(replace(LEARNED, held=30))
    assert from_document(found.to_document()) == found
    assert isinstance(found, Verdict)
    with pytest.raises(ConfigError, match="sentence is missing"):
        from_document({name: value for name, value in found.to_document().items() if name != "sentence"})


def test_one_symbol_of_which_everything_holds_is_collapsed():
    """0 + 0 = 0: no reading is ever another one, and all queries hold."""
    found = judge(
        replace(LEARNED, held=60, chance=1.0, chance_if_misread=0.0, symbols_in_use={"digit_net": 1})
    )
    assert found.verdict == "collapsed"


def test_wrong_readings_that_go_unnoticed_make_a_verdict_careful():
    """All hold; but if one wrong reading of two is noticed in one query of ten only, twenty are too few to tell."""
    seen = replace(LEARNED, held=20, held_out=20, training_held=113, training=113, expected=0.99)
    assert judge(replace(seen, chance_if_misread=0.0)).verdict == "grounded"
    assert judge(replace(seen, chance_if_misread=0.9)).verdict == "unlearned"
