"""Batches of mixed shapes, devices and dtypes, and precision far from 1."""

import decimal
import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gedi_nesy.logic import Program, log_prob_together
from tests.logic.oracles import Table, images


def test_mixed_shapes_call_each_network_once(programs):
    network = Table()
    program = Program.from_file(programs / "sum.pl", networks={"digit_net": network})
    pair = program.compile("sum(A, B, N)", ["A", "B"], "N")
    twice = program.compile("sum(A, A, N)", ["A"], "N")
    parts = [
        (pair, {"A": images(3, 0), "B": images(3, 1), "N": [1, 2, 3]}),
        (twice, {"A": images(2, 2), "N": [4, 0]}),
    ]
    together = log_prob_together(parts)
    assert network.calls == 1
    for (query, inputs), found in zip(parts, together, strict=True):
        torch.testing.assert_close(found, query.log_prob(**inputs))


def test_the_same_image_twice_is_one_choice(programs):
    network = Table()
    query = Program.from_file(programs / "sum.pl", {"digit_net": network}).compile("sum(A, A, N)", ["A"], "N")
    assert query.answers == tuple(range(0, 20, 2))
    x = images(4, 0)
    torch.testing.assert_close(query.distribution(A=x), network.log_probs(x).exp())


@pytest.mark.parametrize("engine", ["circuit", "klay", "deepproblog"])
def test_the_same_tensor_for_two_images_is_the_same_image(engine, programs):
    network = Table()
    program = Program.from_file(programs / "sum.pl", {"digit_net": network})
    query = program.compile("sum(A, B, N)", ["A", "B"], "N", engine=engine)
    x = images(3, 0)
    truth = torch.zeros(3, 19, dtype=torch.float64)
    truth[:, ::2] = network.log_probs(x).exp()
    torch.testing.assert_close(query.distribution(A=x, B=x), truth)
    assert query.log_prob(A=x, B=x, N=[1, 3, 5]).max() < -700
    (picked,) = log_prob_together([(query, {"A": x, "B": x, "N": [2, 4, 6]})])
    torch.testing.assert_close(picked.exp(), truth[torch.arange(3), [2, 4, 6]])
    if engine == "circuit":
        assert query.explain(A=x, B=x, N=[2, 4, 6])[1].symbols == ("digit(A,2)",)
    two = query.distribution(A=x, B=x.clone())
    assert (two[:, 1] > 0).all()


def test_the_same_tensor_may_make_a_query_certain_or_impossible(programs):
    network = Table()
    program = Program.from_file(programs / "differ.pl", {"digit_net": network})
    x = images(3, 0)
    assert program.compile("differ(A, B)", ["A", "B"]).log_prob(A=x, B=x).max() < -700
    same = program.compile("same(A, B)", ["A", "B"])
    torch.testing.assert_close(
        same.log_prob(A=x, B=x), torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0
    )
    conditional = program.compile("same(A, B)", ["A", "B"], evidence=["digit(B, 3)"])
    torch.testing.assert_close(
        conditional.log_prob(A=x, B=x), torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_precision_at_probabilities_down_to_1e_minus_30(dtype, tolerance, programs):
    """Against the sum done with Python's exact integers; the error is relative to log P, and to 1 near P =
    1.
    """
    query = Program.from_file(programs / "sum.pl", {"digit_net": Table()}).compile("sum(A, B, 9)", ["A", "B"])
    generator = torch.Generator().manual_seed(0)
    for scale in (1, 5, 10, 35):
        log_p = [
            torch.log_softmax(scale * torch.randn(64, 10, generator=generator), 1).to(dtype) for _ in range(2)
        ]
        found = query.log_prob_of(A=log_p[0], B=log_p[1])
        for row in range(64):
            a, b = (part[row].double().tolist() for part in log_p)
            shift = max(a[i] + b[9 - i] for i in range(10))
            exact = shift + math.log(math.fsum(math.exp(a[i] + b[9 - i] - shift) for i in range(10)))
            assert found[row].item() == pytest.approx(exact, rel=tolerance, abs=tolerance)


def test_bfloat16_and_float16_are_accepted(programs):
    query = Program.from_file(programs / "sum.pl", {"digit_net": Table()}).compile("sum(A, B, 9)", ["A", "B"])
    exact = torch.full((2, 10), 0.1)
    for dtype in (torch.bfloat16, torch.float16):
        log_p = exact.to(dtype).log().requires_grad_()
        found = query.log_prob_of(A=log_p, B=log_p)
        found.sum().backward()
        assert found.dtype == dtype
        assert found.tolist() == pytest.approx([math.log(0.1)] * 2, rel=0.02)
        assert log_p.grad.isfinite().all()


def test_gradcheck(programs):
    program = Program.from_file(programs / "noisy_sum.pl", {"digit_net": Table()})
    query = program.compile("noisy_sum(A, B, N)", ["A", "B"], "N")
    logits = [
        torch.randn(2, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(s)) for s in (0, 1)
    ]

    def evaluate(a, b):
        return query.log_distribution_of(A=torch.log_softmax(a, 1), B=torch.log_softmax(b, 1))

    assert torch.autograd.gradcheck(evaluate, [x.requires_grad_() for x in logits])


def test_a_batch_of_none(programs):
    query = Program.from_file(programs / "sum.pl", {"digit_net": Table()}).compile(
        "sum(A, B, N)", ["A", "B"], "N"
    )
    assert query.log_distribution(A=images(0, 0), B=images(0, 1)).shape == (0, 19)


def carry_adder(a: list[Tensor], b: list[Tensor], sums: list[int]) -> float:
    """log P of a sum of several digits, least significant first, with fifty decimal places."""
    decimal.getcontext().prec = 50
    carry = [decimal.Decimal(1), decimal.Decimal(0)]
    for x, y, digit in zip(a, b, sums, strict=False):
        p, q = ([decimal.Decimal(value).exp() for value in part.tolist()] for part in (x, y))
        after = [decimal.Decimal(0), decimal.Decimal(0)]
        for i, j, c in itertools.product(range(10), range(10), range(2)):
            if (i + j + c) % 10 == digit:
                after[(i + j + c) // 10] += p[i] * q[j] * carry[c]
        carry = after
    return float(carry[sums[-1]].ln())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_precision_of_a_deep_circuit(dtype, tolerance, programs):
    """Eight digits, at probabilities from 1e-8 to 1e-60."""
    names = {letter: [f"{letter}{i}" for i in range(8 + (letter == "S"))] for letter in "ABS"}
    query = Program.from_file(programs / "digits.pl", {"digit_net": Table(), "given": Table()}).compile(
        "addition([{}], [{}], [{}])".format(*(", ".join(part) for part in names.values())),
        [name for part in names.values() for name in part],
    )
    generator = torch.Generator().manual_seed(0)
    sums = [3, 1, 4, 1, 5, 9, 2, 6, 1]
    for scale in (1, 5, 15):
        p = {
            n: torch.log_softmax(scale * torch.randn(10, generator=generator), 0)
            for n in names["A"] + names["B"]
        }
        known = {name: torch.eye(10)[digit].log() for name, digit in zip(names["S"], sums, strict=True)}
        given = {name: value.to(dtype)[None] for name, value in (p | known).items()}
        exact = carry_adder(*([given[n][0].double() for n in names[letter]] for letter in "AB"), sums)
        assert query.log_prob_of(**given).item() == pytest.approx(exact, rel=tolerance)


def test_symbols_are_quoted_atoms_and_numpy_integers_as_well():
    text = "nn(net, [X], Y, ['a b', c, 3]) :: symbol(X, Y).\nread(A, S) :- symbol(A, S)."
    query = Program.from_string(text, {"net": Table(3)}).compile("read(A, S)", images=["A"], answer="S")
    x = images(3, 0)
    given = query.distribution(A=x)
    columns = {str(answer): column for column, answer in enumerate(query.answers)}
    expected = torch.stack([given[0, columns["'a b'"]], given[1, columns["c"]], given[2, columns["3"]]])
    for labels in (["a b", "c", 3], ["'a b'", "c", np.int64(3)], [np.str_("a b"), np.str_("c"), np.int8(3)]):
        torch.testing.assert_close(query.log_prob(A=x, S=labels).exp(), expected)
    numbers = Program.from_string(
        "nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y).\nread(A, S) :- digit(A, S).", {"net": Table(3)}
    ).compile("read(A, S)", images=["A"], answer="S")
    for labels in (np.array([2, 0, 1]), list(np.array([2, 0, 1])), torch.tensor([2, 0, 1])):
        found = numbers.log_prob(A=x, S=labels).exp()
        torch.testing.assert_close(found, numbers.distribution(A=x)[range(3), [2, 0, 1]])
