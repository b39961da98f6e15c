"""Estimates against exact probabilities: intervals hold them as often as they say, errors are what they are called."""

import math
import statistics

import pytest
import torch
from scipy.stats import binomtest

from gedi_nesy.logic import Budget, Program, ProgramError
from gedi_nesy.logic.inference.approximate import approximate
from gedi_nesy.logic.inference.interval import interval
from tests.logic.fuzz.accumulators import generate
from tests.logic.fuzz.compare import problogs

TEXT = """
0.3::a. 0.6::b. 0.2::c(1); 0.5::c(2).
d :- a, \\+ b.
d :- b, \\+ c(2).
evidence(d).
query(a). query(both). query(never). query(certain).
both :- a, c(1).
never :- a, fail.
certain.
"""

CIRCLES = """
0.5::edge(a,b). 0.4::edge(b,c). 0.7::edge(c,a). 0.3::edge(c,d). 0.6::edge(d,b). 0.2::edge(a,d).
0.1::shut(X) :- edge(X,_).
path(X,Y) :- edge(X,Y).
path(X,Y) :- path(X,Z), \\+ shut(Z), edge(Z,Y).
round :- path(a,a).
apart :- \\+ path(b,d).
evidence(path(b,c)).
query(path(a,_)). query(round). query(apart).
"""


def run(text, worlds, seed, seconds=60.0):
    generator = torch.Generator().manual_seed(seed)
    return approximate(Program.from_string(text, {}), worlds, generator, Budget(seconds=seconds))


def by_name(found):
    return {str(term): estimate for term, estimate in found.answers}


@pytest.mark.parametrize(
    ("held", "of"), [(0, 1), (1, 1), (0, 50), (3, 50), (25, 50), (49, 50), (9_990, 10_000)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_interval(held, of, confidence):
    exact = binomtest(held, of).proportion_ci(confidence, method="exact")
    assert interval(held, of, confidence) == pytest.approx((exact.low, exact.high), rel=1e-9, abs=1e-12)


def test_intervals_hold_the_probability_as_often_as_they_say():
    copies = 400
    truth = {f"q({i})": (1 - 0.5 * i / copies) * 0.2 + i / copies * 0.8 * 0.5 for i in range(copies)}
    lines = [
        f"{0.5 * i / copies}::a({i}); {i / copies * 0.5}::c({i}). 0.2::b({i}). query(q({i}))."
        for i in range(copies)
    ]
    lines += ["q(X) :- b(X), \\+ a(X). q(X) :- c(X)."]
    estimates = by_name(run("\n".join(lines), 500, 0))
    assert estimates.keys() == truth.keys()
    within = statistics.fmean(e.lower <= truth[name] <= e.upper for name, e in estimates.items())
    near = statistics.fmean(
        abs(e.probability - truth[name]) <= e.standard_error for name, e in estimates.items()
    )
    assert within >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / copies)
    assert near == pytest.approx(0.683, abs=3 * math.sqrt(0.683 * 0.317 / copies))


def test_what_no_world_can_change_is_exact():
    found = by_name(run(TEXT, 100, 0))
    assert found["never"] == (0, 0, 0, 0)
    assert found["certain"] == (1, 0, 1, 1)


def check_as_problog(text, seed, worlds):
    theirs = problogs(text)
    found = run(text, worlds, seed)
    ours = by_name(found)
    assert ours.keys() == theirs.keys()
    for name, p in theirs.items():
        assert abs(ours[name].probability - p) <= 5 * math.sqrt(p * (1 - p) / found.kept) + 1e-9, name
    return found


@pytest.mark.parametrize("seed", range(8))
def test_dynamic_programs_as_problog(seed):
    text = generate(seed)
    if problogs(text) == "refused":
        with pytest.raises(ProgramError, match=r"too few for an estimate|its probability is 0"):
            run(text, 1000, seed, seconds=0.1)
    else:
        check_as_problog(text, seed, 20_000)


def test_cycles_as_problog():
    found = check_as_problog(CIRCLES, 0, 40_000)
    assert len(found.answers) > 4


def test_evidence_on_choices_rejects_nothing():
    text = "0.001::a. 0.001::b; 0.002::c; 0.9::d. e :- a, d. query(e). query(b). query(c). evidence(a). evidence(\\+d)."
    found = run(text, 5000, 0)
    assert found.kept == found.drawn == 5000
    estimates = by_name(found)
    assert estimates["e"].upper < 0.001
    assert estimates["b"].probability == pytest.approx(0.001 / 0.1, abs=0.006)
    assert estimates["c"].probability == pytest.approx(0.002 / 0.1, abs=0.008)


def test_the_same_seed_gives_the_same_estimates():
    assert by_name(run(TEXT, 500, 3)) == by_name(run(TEXT, 500, 3))
    assert by_name(run(TEXT, 500, 3)) != by_name(run(TEXT, 500, 4))


def test_learnable_facts_weigh_what_they_start_at():
    found = by_name(run("t(0.2)::a. query(a).", 20_000, 0))
    assert found["a"].probability == pytest.approx(0.2, abs=5 * found["a"].standard_error)


REFUSED = {
    "0.5::a. 0.5::c. b :- a. b :- c. evidence(b). evidence(\\+a). evidence(\\+c).": "holds in 0 of [0-9,]+ worlds",
    "0.5::a. evidence(a). evidence(\\+a). query(a).": r"evidence a, \\\+a is impossible: its probability is 0",
    "0.0::a. evidence(a). query(a).": "evidence a is impossible",
    "0.5::a. b :- fail. evidence(b). query(a).": "evidence b is impossible",
    "a :- \\+ b. b :- \\+ a. query(a).": "Negative cycle",
    "1.5::a. query(a).": "1.5 is no probability of a",
    "nn(net, [X], Y, [0, 1]) :: digit(X, Y). a :- digit(3, 1). query(a).": "ask network 'net' to read 3",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refusals(text):
    networks = {"net": torch.nn.Identity()} if "net" in text else {}
    program = Program.from_string(text, networks, name="task.pl")
    budget = Budget(seconds=0.2)
    with pytest.raises(ProgramError, match=rf"^task\.pl.*{REFUSED[text]}") as raised:
        approximate(program, 1000, torch.Generator().manual_seed(0), budget)
    assert "\n" not in str(raised.value)


def connected(edges, generator):
    """Whether the first node of a grid and its last are connected where every edge is there with probability 1/2."""
    near = {}
    for (a, b), there in zip(edges, torch.rand(len(edges), generator=generator) < 0.5, strict=True):
        if there:
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    seen, stack = {edges[0][0]}, [edges[0][0]]
    while stack:
        new = set(near.get(stack.pop(), ())) - seen
        seen |= new
        stack.extend(new)
    return edges[-1][1] in seen


def test_a_grid_that_is_too_wide_to_compile():
    nodes = [(i, j) for i in range(8) for j in range(8)]
    steps = [((i, j), (i + di, j + dj)) for i, j in nodes for di, dj in ((0, 1), (1, 0))]
    edges = [(a, b) for a, b in steps if b in nodes]
    lines = [f"0.5::e({a[0]},{a[1]},{b[0]},{b[1]})." for a, b in edges]
    lines += ["w(A,B,C,D) :- e(A,B,C,D). w(A,B,C,D) :- e(C,D,A,B).", "p(0,0). p(C,D) :- p(A,B), w(A,B,C,D)."]
    found = by_name(run("\n".join([*lines, "query(p(7,7))."]), 10_000, 0))["p(7,7)"]
    generator = torch.Generator().manual_seed(1)
    share = statistics.fmean(connected(edges, generator) for _ in range(2000))
    error = math.hypot(found.standard_error, math.sqrt(share * (1 - share) / 2000))
    assert found.probability == pytest.approx(share, abs=4 * error)
    assert error < 0.01
