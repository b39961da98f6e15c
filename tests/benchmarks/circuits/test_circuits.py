"""`python -m benchmarks.circuits`, as small as it gets."""

import json
import math

import pytest
import torch
from problog import get_evaluatable
from problog.program import PrologString

from benchmarks.circuits import scaling, tasks, timing
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.families import FAMILIES
from benchmarks.circuits.plot import plot_scaling
from benchmarks.circuits.report import SCALING, body
from benchmarks.circuits.run import BENCHMARK
from benchmarks.runner import loop


def test_both_engines_give_the_same_answer_to_the_same_query():
    """The queries that are timed mean the same on both sides."""
    task = tasks.numbers_task()
    query = timing._reference_query(task, False, 0)
    assert str(query.query) == "addition([a1, a0],[b1, b0],9)"
    assert [str(image) for image in query.substitution.values()] == [f"tensor(train({i}))" for i in range(4)]
    assert tasks.carry_task(2).query == "addition([A0, A1], [B0, B1], [S0, S1, S2])"


@pytest.mark.slow
def test_it_writes_results_and_a_plot(tmp_path):
    torch.set_num_threads(1)
    loop.run(
        BENCHMARK,
        CircuitsConfig(
            digits=(1, 2),
            batches=(1, 8),
            reference_queries=2,
            repeats=1,
            batch_size=8,
            out=tmp_path,
            device="cpu",
        ),
    )
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["benchmark"] == "circuits"
    assert results["runs"][0]["metrics"]["one_digit_times"] > 1
    assert [row["digits"] for row in results["digits"]] == [1, 2]
    assert (tmp_path / "growth.png").stat().st_size > 1000


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_measured_and_drawn(tmp_path, family):
    """The smallest of each: its probability is stock ProbLog's."""
    size = min(FAMILIES[family][1][0], 2 if family == "carry adder" else 4)
    row = scaling.measure(family, size, 60.0, stock=False)
    stock = get_evaluatable().create_from(PrologString(FAMILIES[family][0](size))).evaluate()
    found = {str(term): probability for term, probability in stock.items()}
    assert math.exp(float(row["log P"])) == pytest.approx(found[str(row["query"])])
    assert plot_scaling([row], tmp_path / "scaling.png").stat().st_size > 1000


def test_what_takes_too_long_is_a_row_that_says_so():
    row = scaling.measure("grid", 6, 0.0, stock=False)
    assert row == {"family": "grid", "N": 6, "by": "more than 0 s"}
    (run,) = body(CircuitsConfig(scaling=True), [{"part": SCALING, "row": row}])["runs"]
    assert run == {"seed": 0, **row, "metrics": {"solved": 0.0}}


def test_problog_is_timed_beside_or_says_why_not():
    assert float(scaling.stock_seconds("0.5::a. query(a).", 60.0)) >= 0.0
    assert scaling.stock_seconds("p(N) :- M is N + 1, p(M). query(p(0)).", 1.0) == "more than 1 s"
    assert scaling.stock_seconds("query(a).", 60.0) == "UnknownClause"
