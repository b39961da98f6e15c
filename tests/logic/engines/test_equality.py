"""Four programs, three ways: compiled circuit, DeepProbLog's exact engine, and a sum over all worlds."""

import pytest
import torch

from gedi_nesy.logic import Program
from tests.logic.oracles import Table, constant_choice, images, sum_over_worlds

BATCH = 3


def p(network, x):
    return network.log_probs(x).exp()


def addition(network, x):
    return [sum_over_worlds([p(network, x[k]) for k in "ABC"], lambda a, b, c: a + b == c)]


def digit_sum(network, x):
    digits = [p(network, x[k]) for k in "AB"]
    return [sum_over_worlds(digits, lambda a, b, n=n: a + b == n) for n in range(19)]


def differ(network, x):
    return [sum_over_worlds([p(network, x[k]) for k in "AB"], lambda a, b: a not in (0, b) and b != 0)]


def noisy_sum(network, x):
    worlds = [p(network, x[k]) for k in "AB"]
    worlds += [constant_choice(0.8, 0.2, batch=BATCH), constant_choice(0.7, 0.3, batch=BATCH)]
    shifts = (1, -1)
    return [
        sum_over_worlds(worlds, lambda a, b, slip, by, n=n: a + b + (shifts[by] if slip else 0) == n)
        for n in range(-1, 20)
    ]


CASES = {
    "addition": ("addition(A, B, C)", "ABC", None, addition),
    "sum": ("sum(A, B, N)", "AB", "N", digit_sum),
    "differ": ("differ(A, B)", "AB", None, differ),
    "noisy_sum": ("noisy_sum(A, B, N)", "AB", "N", noisy_sum),
}


@pytest.mark.parametrize("name", CASES)
def test_circuit_engine_and_enumeration_agree(name, programs):
    text, slots, answer, enumerate_worlds = CASES[name]
    network = Table()
    program = Program.from_file(programs / f"{name}.pl", networks={"digit_net": network})
    x = {slot: images(BATCH, seed) for seed, slot in enumerate(slots)}
    truth = torch.stack(enumerate_worlds(network, x), dim=1)
    direction = torch.randn(truth.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    (gradient,) = torch.autograd.grad((truth.log() * direction).sum(), network.weight)
    for engine in ("circuit", "klay", "deepproblog"):
        query = program.compile(text, images=list(slots), answer=answer, engine=engine)
        found = query.log_distribution(**x)
        torch.testing.assert_close(found.exp(), truth, rtol=1e-10, atol=1e-12)
        (found_gradient,) = torch.autograd.grad((found * direction).sum(), network.weight)
        torch.testing.assert_close(found_gradient, gradient, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("engine", ["circuit", "klay", "deepproblog"])
def test_label_picks_its_column(engine, programs):
    program = Program.from_file(programs / "sum.pl", networks={"digit_net": Table()})
    query = program.compile("sum(A, B, N)", images=["A", "B"], answer="N", engine=engine)
    x = {"A": images(3, 0), "B": images(3, 1)}
    assert [int(answer) for answer in query.answers] == list(range(19))
    picked = query.log_prob(**x, N=torch.tensor([0, 18, 7]))
    torch.testing.assert_close(picked, query.log_distribution(**x)[torch.arange(3), [0, 18, 7]])


def test_log_probabilities_given_directly_are_the_same(programs):
    network = Table()
    program = Program.from_file(programs / "addition.pl", networks={"digit_net": network})
    query = program.compile("addition(A, B, C)", images=["A", "B", "C"])
    x = {slot: images(4, seed) for seed, slot in enumerate("ABC")}
    direct = query.log_prob_of(**{slot: network.log_probs(value) for slot, value in x.items()})
    torch.testing.assert_close(direct, query.log_prob(**x))


def test_each_network_is_called_once_per_batch(programs):
    network = Table()
    program = Program.from_file(programs / "addition.pl", networks={"digit_net": network})
    query = program.compile("addition(A, B, C)", images=["A", "B", "C"])
    query.log_prob(**{slot: images(4, seed) for seed, slot in enumerate("ABC")})
    assert network.calls == 1


def test_a_plain_module_returns_probabilities(programs):
    network = Table()
    x = {slot: images(4, seed) for seed, slot in enumerate("AB")}
    results = []
    for given in (network, lambda batch: network.log_probs(batch).exp()):
        program = Program.from_file(programs / "differ.pl", networks={"digit_net": given})
        results.append(program.compile("differ(A, B)", images=["A", "B"]).log_prob(**x))
    torch.testing.assert_close(*results)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_certain_networks_give_finite_values_and_gradients(dtype, programs):
    program = Program.from_file(programs / "addition.pl", networks={"digit_net": Table()})
    query = program.compile("addition(A, B, C)", images=["A", "B", "C"])
    one_hot = torch.eye(10, dtype=dtype)
    for digits in ((1, 2, 3), (1, 2, 4), (9, 9, 9)):
        probabilities = [one_hot[[digit]].requires_grad_() for digit in digits]
        value = query.log_prob_of(
            **{k: torch.log(q + torch.finfo(dtype).tiny) for k, q in zip("ABC", probabilities, strict=True)}
        )
        value.sum().backward()
        assert value.isfinite().all()
        assert all(q.grad.isfinite().all() for q in probabilities)
        assert (value.item() == 0) == (digits == (1, 2, 3))


def test_minus_infinity_counts_as_the_floor(programs):
    program = Program.from_file(programs / "sum.pl", networks={"digit_net": Table()})
    query = program.compile("sum(A, B, N)", images=["A", "B"], answer="N")
    one_hot = torch.eye(10, dtype=torch.float64).log()
    log_p = query.log_distribution_of(A=one_hot[[3]], B=one_hot[[4]])
    assert log_p.isfinite().all()
    assert log_p[0, 7] == 0
