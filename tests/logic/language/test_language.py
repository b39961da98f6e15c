"""What the language can say beyond choices and rules: evidence, learnable facts, networks, tensors."""

import math

import pytest
import torch

from gedi_nesy.logic import Program, ProgramError
from tests.logic.oracles import Table, images

DIGIT = "nn(digit_net, [X], Y, [0, 1, 2]) :: digit(X, Y).\n"


def test_evidence_in_the_program_conditions_every_query():
    text = (
        DIGIT
        + "0.2 :: rain. wet :- rain. wet :- hose. 0.3 :: hose. evidence(wet). q(A) :- digit(A, 1), rain."
    )
    network = Table(3)
    query = Program.from_string(text, {"digit_net": network}).compile("q(A)", ["A"])
    x = images(4, 0)
    rain_given_wet = 0.2 / (1 - 0.8 * 0.7)
    torch.testing.assert_close(query.log_prob(A=x).exp(), network.log_probs(x)[:, 1].exp() * rain_given_wet)


def test_evidence_may_be_about_the_images():
    text = DIGIT + "sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y. small(A) :- digit(A, X), X < 2."
    network = Table(3)
    program = Program.from_string(text, {"digit_net": network})
    query = program.compile("sum(A, B, N)", ["A", "B"], "N", evidence=["small(A)", "\\+ digit(B, 1)"])
    x = {"A": images(4, 0), "B": images(4, 1)}
    a, b = (network.log_probs(x[name]).exp() for name in "AB")
    a = torch.cat([a[:, :2], torch.zeros(4, 1)], dim=1) / a[:, :2].sum(1, keepdim=True)
    b = b * torch.tensor([1.0, 0.0, 1.0]) / (b[:, :1] + b[:, 2:])
    truth = torch.stack([a[:, 0] * b[:, 0], a[:, 1] * b[:, 0], a[:, 0] * b[:, 2], a[:, 1] * b[:, 2]], dim=1)
    torch.testing.assert_close(query.distribution(**x), truth)
    assert query.answers == (0, 1, 2, 3)


def test_contradictory_evidence_is_an_error():
    program = Program.from_string("0.5 :: a. b :- a. evidence(a). evidence(b, false).", {})
    with pytest.raises(ProgramError, match=r"^<string>: the evidence a, \\\+b contradicts itself$"):
        program.solve()


def test_the_reference_engine_refuses_evidence():
    program = Program.from_string(
        DIGIT + "0.5 :: a. evidence(a). q(A) :- digit(A, 1).", {"digit_net": Table(3)}
    )
    with pytest.raises(ProgramError, match="ignores evidence"):
        program.compile("q(A)", ["A"], engine="deepproblog")


LEARNABLE = """
t(0.3) :: a. t(_) :: b.
t(_) :: c(1); t(_) :: c(2); 0.2 :: c(3).
t(0.1) :: d(1); t(0.2) :: d(2).
t(_) :: e(1); t(_) :: e(2) :- a.
t(0.6) :: f(X) :- member_of(X).
member_of(1). member_of(2).
query(a). query(b). query(c(_)). query(d(_)). query(e(_)). query(f(_)).
query(both). both :- f(1), f(2).
"""


def test_learnable_facts_start_where_the_program_says():
    values = {str(term): p for term, p in Program.from_string(LEARNABLE, {}).solve()}
    truth = {"a": 0.3, "b": 0.5, "c(1)": 0.4, "c(2)": 0.4, "c(3)": 0.2, "d(1)": 0.1, "d(2)": 0.2}
    truth |= {"e(1)": 0.15, "e(2)": 0.15, "f(1)": 0.6, "f(2)": 0.6, "both": 0.36}
    assert values == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("engine", ["circuit", "deepproblog"])
def test_any_optimizer_trains_them(engine):
    text = DIGIT + "t(_) :: slip. q(A) :- digit(A, 0), slip. q(A) :- \\+ digit(A, 0), \\+ slip."
    network = Table(3)
    program = Program.from_string(text, {"digit_net": network})
    query = program.compile("q(A)", ["A"], engine=engine)
    x = images(8, 0)
    log_p0 = network.log_probs(x).detach()[:, 0]
    (gradient,) = torch.autograd.grad(query.log_prob(A=x).sum(), list(program.parameters()))
    theta = torch.zeros(2, dtype=torch.float64).log_softmax(0).requires_grad_()
    slip = torch.log_softmax(theta, 0)[0].exp()
    truth = torch.log(log_p0.exp() * slip + (1 - log_p0.exp()) * (1 - slip)).sum()
    torch.testing.assert_close(gradient, torch.autograd.grad(truth, theta)[0])
    optimizer = torch.optim.Adam(program.parameters(), lr=0.1)
    before = query.log_prob(A=x).sum().item()
    for _ in range(5):
        optimizer.zero_grad()
        (-query.log_prob(A=x).sum()).backward()
        optimizer.step()
    assert query.log_prob(A=x).sum().item() > before


def test_groups_keep_summing_to_one():
    program = Program.from_string("t(_) :: c(1); t(_) :: c(2); 0.2 :: c(3). query(c(_)).", {})
    with torch.no_grad():
        for parameter in program.parameters():
            parameter.copy_(torch.randn(parameter.shape, dtype=torch.float64))
    values = [p for _, p in program.solve()]
    assert sum(values) == pytest.approx(1, abs=1e-12)
    assert values[2] == pytest.approx(0.2, abs=1e-12)
    assert len(set(values)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t(1) :: a.", r"^<string>:1: t\(1\) must start at least at 0 and below 1"),
        ("a.\nt(0.6) :: b(1); t(0.6) :: b(2).", r"^<string>:2: the heads' probabilities sum to more than 1$"),
        ("t :: a(X).", r"^<string>:1: t takes a start, as in t\(_\) or t\(0.3\)"),
    ],
)
def test_malformed_learnable_facts(text, message):
    with pytest.raises(ProgramError, match=message):
        Program.from_string(text, {})


def test_several_networks_may_read_one_image():
    text = (
        DIGIT
        + "nn(even_net, [X]) :: even(X). q(A) :- even(A), digit(A, 1). q(A) :- \\+ even(A), digit(A, 2)."
    )
    digits, weight = Table(3), Table(1, seed=5).weight

    class Even:
        """A network with one output, as a neural fact wants it."""

        def log_probs(self, x):
            return torch.nn.functional.logsigmoid(x.flatten(1) @ weight)

    query = Program.from_string(text, {"digit_net": digits, "even_net": Even()}).compile("q(A)", ["A"])
    assert {(slot.network, slot.images, slot.predicate) for slot in query.slots} == {
        ("digit_net", ("A",), "digit"),
        ("even_net", ("A",), "even"),
    }
    x = images(4, 0)
    p, even = digits.log_probs(x).exp(), Even().log_probs(x).exp()[:, 0]
    truth = even * p[:, 1] + (1 - even) * p[:, 2]
    torch.testing.assert_close(query.log_prob(A=x).exp(), truth)
    given = {"digit_net": digits.log_probs(x), "even_net": Even().log_probs(x)}
    torch.testing.assert_close(query.log_prob_of(A=given).exp(), truth)


def test_a_network_may_read_two_images():
    text = "nn(order_net, [X, Y], R, [less, more]) :: order(X, Y, R).\n"
    text += "q(A, B, C) :- order(A, B, less), order(B, C, less)."

    class Order:
        def log_probs(self, x, y):
            score = (x - y).flatten(1).sum(1, keepdim=True)
            return torch.log_softmax(torch.cat([-score, score], dim=1), dim=1)

    query = Program.from_string(text, {"order_net": Order()}).compile("q(A, B, C)", ["A", "B", "C"])
    a, b, c = (images(4, seed) for seed in range(3))
    truth = Order().log_probs(a, b)[:, 0] + Order().log_probs(b, c)[:, 0]
    torch.testing.assert_close(query.log_prob(A=a, B=b, C=c), truth)


def test_tensors_as_terms_run_on_the_reference_engine_with_a_warning():
    text = "nn(embed_net, [X], E) :: embedding(X, E). nn(alike_net, [E, F]) :: alike(E, F).\n"
    text += "same(A, B) :- embedding(A, E), embedding(B, F), alike(E, F)."
    weight = Table(3).weight
    networks = {
        "embed_net": lambda x: x.flatten(1) @ weight,
        "alike_net": lambda e, f: torch.sigmoid((e * f).sum(1, keepdim=True)),
    }
    program = Program.from_string(text, networks)
    with pytest.warns(UserWarning, match=r"^<string>:1: network 'embed_net' returns tensors"):
        query = program.compile("same(A, B)", ["A", "B"])
    a, b = images(3, 0), images(3, 1)
    truth = torch.sigmoid(((a.flatten(1) @ weight) * (b.flatten(1) @ weight)).sum(1))
    torch.testing.assert_close(query.log_prob(A=a, B=b).exp(), truth)


def test_findall_lists_recursion_and_arithmetic():
    text = """
    0.4 :: edge(a, b). 0.5 :: edge(b, a). 0.6 :: edge(b, c). 0.2 :: edge(a, c).
    path(X, Y) :- edge(X, Y).
    path(X, Y) :- edge(X, Z), path(Z, Y).
    degree(X, N) :- findall(Y, edge(X, Y), L), length(L, N).
    query(path(a, c)). query(degree(a, N)).
    """
    values = {str(term): p for term, p in Program.from_string(text, {}).solve()}
    assert values["path(a,c)"] == pytest.approx(1 - (1 - 0.2) * (1 - 0.4 * 0.6))
    assert values["degree(a,0)"] == pytest.approx(0.6 * 0.8)
    assert values["degree(a,2)"] == pytest.approx(0.4 * 0.2)


def test_neural_choice_under_a_condition():
    text = (
        "0.3 :: visible. nn(digit_net, [X], Y, [0, 1, 2]) :: digit(X, Y) :- visible. q(A) :- \\+ digit(A, 1)."
    )
    network = Table(3)
    query = Program.from_string(text, {"digit_net": network}).compile("q(A)", ["A"])
    x = images(4, 0)
    torch.testing.assert_close(query.log_prob(A=x).exp(), 1 - 0.3 * network.log_probs(x)[:, 1].exp())


def test_explanations_are_the_most_probable_worlds(programs):
    network = Table(seed=3)
    program = Program.from_file(programs / "noisy_sum.pl", {"digit_net": network})
    query = program.compile("noisy_sum(A, B, N)", ["A", "B"], "N")
    x = {"A": images(5, 0), "B": images(5, 1)}
    p = {name: network.log_probs(value).exp() for name, value in x.items()}
    for row, found in enumerate(query.explain(**x, N=[4] * 5)):
        worlds = {}
        for a in range(10):
            for b in range(10):
                for slip in (False, True):
                    for by in (1, -1):
                        if a + b + (by if slip else 0) == 4:
                            weight = (
                                p["A"][row, a]
                                * p["B"][row, b]
                                * (0.2 if slip else 0.8)
                                * (0.7 if by == 1 else 0.3)
                            )
                            worlds[a, b, slip, by] = weight.item()
        (a, b, slip, by), weight = max(worlds.items(), key=lambda item: item[1])
        assert found.symbols == (f"digit(A,{a})", f"digit(B,{b})")
        assert set(found.facts) == {"slip" if slip else "not slip", f"slipped_by({by})"}
        assert found.log_prob == pytest.approx(math.log(weight))
        assert found.log_prob_answer == pytest.approx(math.log(sum(worlds.values())))
        assert str(found).startswith("N = 4, because digit(A,")


def test_explanations_are_given_the_evidence():
    text = (
        DIGIT + "0.2 :: rain. 0.3 :: hose. wet :- rain. wet :- hose. evidence(wet). q(A) :- digit(A, 1), wet."
    )
    network = Table(3)
    (found,) = (
        Program.from_string(text, {"digit_net": network}).compile("q(A)", ["A"]).explain(A=images(1, 0))
    )
    p = network.log_probs(images(1, 0)).exp()[0, 1].item()
    assert found.symbols == ("digit(A,1)",)
    assert set(found.facts) == {"not rain", "hose"}
    assert math.exp(found.log_prob_answer) == pytest.approx(p)
    assert math.exp(found.log_prob) == pytest.approx(p * 0.8 * 0.3 / (1 - 0.8 * 0.7))


def test_evidence_against_something():
    for evidence in ("evidence(\\+ wet).", "evidence(wet, false)."):
        program = Program.from_string(f"0.2 :: rain. 0.3 :: wet :- rain. {evidence} query(rain).", {})
        ((_, p),) = program.solve()
        assert p == pytest.approx(0.2 * 0.7 / (1 - 0.2 * 0.3))
