"""Evidence of probability 0 is refused, by name and by row; evidence that is merely improbable is not."""

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from gedi_nesy.logic import Program, ProgramError

CASES = Path(__file__).parent.parent.parent / "cases"


class Outputs(nn.Module):
    """A network that gives its images as probabilities."""

    num_clusters = 3

    def forward(self, x):
        return x


class LogOutputs(Outputs):
    """The same, of log-probabilities."""

    def log_probs(self, x):
        return x.log()


TEXT = """
nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y).
0.5 :: heads.
both(X, Y) :- digit(X, Y), heads.
small(X) :- digit(X, 0).
small(X) :- digit(X, 1).
"""


def rows(*probabilities, dtype=torch.float64):
    return torch.tensor(probabilities, dtype=dtype)


def test_solve_names_the_evidence():
    with pytest.raises(ProgramError, match=r"impossible_by_zero\.pl: the evidence a is impossible: its prob"):
        Program.from_file(CASES / "impossible_by_zero.pl", {}).solve()
    with pytest.raises(ProgramError, match=r"impossible\.pl: the evidence b .*contradicts itself"):
        Program.from_file(CASES / "impossible.pl", {}).solve()


@pytest.mark.parametrize("p", [1e-300, 1e-16, 0.5])
def test_solve_uses_improbable_evidence(p):
    text = f"{p}::a. 0.5::b. c :- a, b. evidence(a). query(c). query(b)."
    assert [value for _, value in Program.from_string(text, {}).solve()] == pytest.approx([0.5, 0.5])


def test_long_evidence_below_the_floor_is_possible():
    facts = "\n".join(f"1e-300::a({i}). evidence(a({i}))." for i in range(40))
    text = f"{facts} 0.25::b. query(b)."
    assert 40 * math.log(1e-300) < 16 * math.log(torch.finfo(torch.float64).tiny)
    assert Program.from_string(text, {}).solve()[0][1] == pytest.approx(0.25)


def test_a_disjunction_that_leaves_nothing_but_rounding():
    text = "0.7::a(1); 0.2::a(2); 0.1::a(3). 0.5::b. any :- a(_). none :- \\+ any. evidence(none). query(b)."
    with pytest.raises(ProgramError, match="evidence none is impossible"):
        Program.from_string(text, {}).solve()


@pytest.mark.parametrize("network", [Outputs(), LogOutputs()])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("engine", ["circuit", "klay"])
def test_rows_in_which_it_is_impossible_are_named(network, dtype, engine):
    program = Program.from_string(TEXT, {"net": network})
    query = program.compile("both(X, Y)", ["X"], "Y", evidence=["small(X)"], engine=engine)
    possible = rows((0.2, 0.3, 0.5), (1e-30, 0.0, 1.0), (0.0, 1.0, 0.0), dtype=dtype)
    found = query.distribution(X=possible)
    assert query.answers == (0, 1)
    truth = rows((0.2, 0.3), (0.5, 0.0), (0.0, 0.5), dtype=dtype)
    torch.testing.assert_close(found, truth)
    mixed = torch.cat(
        [possible[:1], rows((0.0, 0.0, 1.0), dtype=dtype), possible, rows((0.0, 0.0, 1.0), dtype=dtype)]
    )
    message = (
        r"^the evidence small\(X\) of both\(X, Y\) is impossible: .* is 0 in rows 1, 5 of the batch of 6$"
    )
    with pytest.raises(ProgramError, match=message):
        query.log_distribution(X=mixed)
    with pytest.raises(ProgramError, match=message):
        query.log_prob(X=mixed, Y=torch.zeros(6, dtype=torch.long))


def test_integers_and_floats_are_different_answers():
    program = Program.from_file(CASES / "intfloat.pl", {})
    assert [(str(term), p) for term, p in program.solve()] == [("n(1)", 0.4), ("n(1.0)", 0.5)]
    query = program.compile("n(X)", [], "X")
    assert [str(answer) for answer in query.answers] == ["1", "1.0"]
    torch.testing.assert_close(query.distribution(), rows((0.4, 0.5)))
    assert query.columns_of([1, 1.0]).tolist() == [0, 1]
    assert query.columns_of(torch.tensor([1, 1])).tolist() == [0, 0]
    assert query.columns_of(torch.tensor([1.0])).tolist() == [1]


def test_either_kind_of_number_names_the_only_answer_there_is():
    program = Program.from_string(
        "nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y).\nhalf(X, H) :- digit(X, Y), H is Y / 2.0.\n",
        {"net": Outputs()},
    )
    digits, halves = (program.compile(q, ["X"], "Y") for q in ("digit(X, Y)", "half(X, Y)"))
    assert digits.columns_of([2.0, 1, True]).tolist() == [2, 1, 1]
    assert halves.columns_of([1, 0.5, 0]).tolist() == [2, 1, 0]
    with pytest.raises(ProgramError, match=r"1\.5 is no answer"):
        digits.columns_of([1.5])


def test_merged_images_keep_integers_and_floats_apart():
    text = """
    nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y).
    q(X, Y, 1) :- digit(X, 0), digit(Y, 0).
    q(X, Y, 1.0) :- digit(X, 0), digit(Y, 1).
    """
    query = Program.from_string(text, {"net": Outputs()}).compile("q(X, Y, N)", ["X", "Y"], "N")
    x = rows((0.2, 0.3, 0.5))
    torch.testing.assert_close(query.distribution(X=x, Y=x.clone()), rows((0.04, 0.06)))
    merged = query.distribution(X=x, Y=x)
    torch.testing.assert_close(merged, rows((0.2, 0.0)))


def test_evidence_that_no_image_can_make_possible_is_refused_when_the_query_is_compiled():
    program = Program.from_string(TEXT + "0.0 :: lamp.", {"net": LogOutputs()})
    message = (
        r"^the evidence lamp of both\(X, Y\) is impossible: its probability is 0 whatever the images show$"
    )
    with pytest.raises(ProgramError, match=message):
        program.compile("both(X, Y)", ["X"], "Y", evidence=["lamp"])
