"""What is drawn for a run: wrong answers, a rare symbol, further images; and what is measured of it."""

import random
from collections import Counter
from types import SimpleNamespace

import pytest
import torch

from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.measures import doubtful, of_wrong_queries
from benchmarks.grounding.protocol import drawn
from benchmarks.grounding.tasks.problem import Sources
from gedi_nesy.audit.verdict import Verdict
from gedi_nesy.data.images import load
from gedi_nesy.data.queries import with_wrong_answers
from gedi_nesy.metrics.clustering import macro_accuracy
from gedi_nesy.tasks.evidence import Judged
from gedi_nesy.tasks.readings import Readings


@pytest.fixture(scope="module")
def sources() -> Sources:
    dataset = load("digits", None)
    return Sources(dataset.train, dataset.test)


def shown(given) -> Counter:
    """How often each digit stands in the queries."""
    (labels,) = given.labels.values()
    columns = [column for each in given.task.queries for column in each.images.values()]
    return Counter(int(labels[index]) for column in columns for index in column)


def test_some_answers_are_wrong(sources):
    config = GroundingConfig(queries=1000, wrong=0.3)
    found = drawn(config, "addition", sources, 4)
    (labels,), (queries,), (wrong,) = found.given.labels.values(), found.given.task.queries, found.wrong
    sums = labels[queries.images["A"]] + labels[queries.images["B"]]
    assert torch.equal(sums != torch.tensor(queries.answer[1]), wrong)
    # of 1,000 with probability 0.3, four standard errors
    assert abs(float(wrong.float().mean()) - 0.3) < 4 * (0.3 * 0.7 / 1000) ** 0.5
    assert not drawn(GroundingConfig(queries=20), "addition", sources, 4).wrong[0].any()


def test_a_wrong_answer_is_any_other():
    found = with_wrong_answers(random.Random(0), [2] * 900, [1, 2, 3, 4], 1.0)
    counts = Counter(found)
    assert set(counts) == {1, 3, 4}
    assert all(abs(count - 300) < 4 * (900 * 2 / 9) ** 0.5 for count in counts.values())
    assert with_wrong_answers(random.Random(0), [2, 2], [2], 1.0) == [2, 2]


@pytest.mark.parametrize("task", ["addition", "formula to 5"])
def test_a_rare_symbol(sources, task):
    found = drawn(GroundingConfig(queries=600, rare=10), task, sources, 1)
    assert found.rare is not None
    assert sum(len(next(iter(each.images.values()))) for each in found.given.task.queries) == 600
    counts = shown(found.given)
    alike = [
        symbol
        for symbol in range(10)
        if (symbol < 10) == (found.rare.symbol < 10) and symbol != found.rare.symbol
    ]
    usual = sum(counts[symbol] for symbol in alike) / len(alike)
    if found.rare.symbol < 10:
        expected = usual / 10
        assert abs(counts[found.rare.symbol] - expected) < 4 * expected**0.5 + 1
    (labels,) = found.given.labels.values()
    (spec,) = found.given.task.networks.values()
    extra = torch.bincount(labels[torch.tensor(spec.extra)], minlength=13)
    assert extra[found.rare.symbol] < 0.35 * extra[:10].float().mean()


def test_other_images(sources):
    none = drawn(GroundingConfig(queries=20, extra_images="none"), "addition", sources, 0)
    assert none.given.task.networks["digit_net"].extra == []
    both = drawn(GroundingConfig(queries=20), "addition", sources, 0)
    assert both.given.task.networks["digit_net"].extra is None
    assert both.given.task.queries == none.given.task.queries


def readings(probability, held) -> Readings:
    empty = torch.empty(0, len(held))
    return Readings(empty.long(), empty, empty, torch.tensor(probability), torch.tensor(held))


def test_what_is_said_of_wrong_queries():
    """Of two templates; the AUROC by hand: of 3 x 2 pairs of a right and a wrong one, 5 are in order."""
    split = SimpleNamespace(
        kept=(torch.tensor([0, 2]), torch.tensor([1])), left_out=(torch.tensor([1]), torch.tensor([0]))
    )
    judged = Judged(
        evidence=None,
        training=(readings([0.9, 0.1], [True, False]), readings([0.8], [True])),
        held_out=(readings([0.3], [False]), readings([0.5], [False])),
        rivals=None,
        split=split,
    )
    wrong = (torch.tensor([False, False, True]), torch.tensor([True, False]))
    verdict = Verdict("grounded", "", 0.9, None, None, None, (), {}, wrong_queries=0.25)
    found = of_wrong_queries(judged, verdict, wrong)
    assert found == {"wrong_share": 0.4, "wrong_estimated": 0.25, "wrong_auroc": pytest.approx(5 / 6)}
    listed = [(each["template"], each["query"], each["wrong"]) for each in doubtful(judged, wrong)]
    assert listed == [(0, 2, True), (0, 1, False), (1, 0, True)]


def test_each_symbol_counts_alike():
    labels, read = torch.tensor([0, 0, 0, 1]).numpy(), torch.tensor([0, 0, 2, 0]).numpy()
    assert macro_accuracy(labels, read) == pytest.approx((2 / 3 + 0) / 2)
