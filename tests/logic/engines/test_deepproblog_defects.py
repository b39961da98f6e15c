"""Where the stock reference is wrong, what it says, and what we say instead."""

import contextlib
import io
import warnings

import pytest
import torch
from deepproblog.engines import ExactEngine
from deepproblog.model import Model
from deepproblog.network import Network
from deepproblog.optimizer import SGD
from deepproblog.query import Query
from problog.logic import Constant, Term, Var

from gedi_nesy.logic import Program
from tests.logic.oracles import Table, images

DIGIT = "nn(digit_net, [X], Y, [0, 1]) :: digit(X, Y).\n"
SUM = DIGIT + "sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.\n"


class Stock:
    """DeepProbLog as its documentation sets it up, with two images, tensor(train(0)) and tensor(train(1))."""

    def __init__(self, text: str, network: Table, cache: bool = False):
        class Probabilities(torch.nn.Module):
            def forward(self, x):
                return network.log_probs(x).exp()

        self.model = Model(text, [Network(Probabilities(), "digit_net", batching=True)], load=False)
        with contextlib.redirect_stdout(io.StringIO()):
            self.model.set_engine(ExactEngine(self.model), cache=cache)
        self.model.add_tensor_source("train", {(Constant(i),): image for i, image in enumerate(images(2, 0))})

    def solve(self, query: Query) -> dict[str, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self.model.solve([query])[0].result
        return {str(term): float(p) for term, p in result.items()}


def image(number: int) -> Term:
    return Term("tensor", Term("train", Constant(number)))


def test_evidence_is_ignored():
    text = (
        DIGIT
        + "0.2 :: rain. wet :- rain. 0.3 :: hose. wet :- hose. evidence(wet). q(A) :- digit(A, 1), rain."
    )
    network = Table(2)
    p = network.log_probs(images(1, 0)).exp()[0, 1].item()
    stock = Stock(text, network).solve(Query(Term("q", image(0))))
    assert next(iter(stock.values())) == pytest.approx(0.2 * p)
    ours = Program.from_string(text, {"digit_net": network}).compile("q(A)", ["A"])
    assert ours.log_prob(A=images(1, 0)).exp().item() == pytest.approx(0.2 / 0.44 * p)


def test_the_same_image_twice_through_its_cache():
    """Its cache holds the circuit of two different images, so that one image is drawn twice."""
    network = Table(2)
    p = network.log_probs(images(1, 0)).exp()[0]
    open_query = Term("sum", Term("a"), Term("b"), Constant(1))
    same = {Term("a"): image(0), Term("b"): image(0)}
    (stock,) = Stock(SUM, network, cache=True).solve(Query(open_query, same)).values()
    assert stock == pytest.approx(2 * (p[0] * p[1]).item())
    (right,) = Stock(SUM, network).solve(Query(open_query, same)).values()
    assert right == 0
    ours = Program.from_string(SUM, {"digit_net": network}).compile("sum(A, A, N)", ["A"], "N")
    assert [int(answer) for answer in ours.answers] == [0, 2]


def test_learnable_facts_do_not_train_by_default():
    """Their gradients are dropped unless a special optimizer is set, and a group is renormalised even at
    rate 0.
    """
    text = DIGIT + "t(0.2) :: a(1); t(0.2) :: a(2). q(A) :- digit(A, 1), a(1)."
    network = Table(2)
    stock = Stock(text, network)
    stock.solve(Query(Term("q", image(0))))
    stock.model.optimizer.step()
    assert stock.model.parameters == [0.2, 0.2]
    stock.model.optimizer = SGD(stock.model, 0.0)
    stock.model.optimizer._params_grad[0] += torch.tensor(1.0)
    stock.model.optimizer.step()
    assert stock.model.parameters == [0.5, 0.5]
    ours = Program.from_string(text, {"digit_net": network})
    ours.compile("q(A)", ["A"]).log_prob(A=images(1, 0)).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in ours.parameters())
    assert list(ours.learnable.probabilities().values()) == pytest.approx([0.2, 0.2])


def test_a_neural_choice_under_a_condition():
    """It is expanded only without a body; otherwise every value has the probability of the first."""
    text = "0.3 :: seen. nn(digit_net, [X], Y, [0, 1]) :: digit(X, Y) :- seen. q(A) :- digit(A, 1)."
    network = Table(2)
    p = network.log_probs(images(1, 0)).exp()[0]
    (stock,) = Stock(text, network).solve(Query(Term("q", image(0)))).values()
    assert stock == pytest.approx(0.3 * p[0].item())
    ours = Program.from_string(text, {"digit_net": network}).compile("q(A)", ["A"])
    assert ours.log_prob(A=images(1, 0)).exp().item() == pytest.approx(0.3 * p[1].item())


def test_where_it_is_right_we_agree():
    network = Table(2)
    stock = Stock(SUM, network).solve(Query(Term("sum", image(0), image(1), Var("N"))))
    query = Program.from_string(SUM, {"digit_net": network}).compile("sum(A, B, N)", ["A", "B"], "N")
    x = images(2, 0)
    ours = query.distribution(A=x[:1], B=x[1:])[0].tolist()
    assert ours == pytest.approx(
        [stock[f"sum(tensor(train(0)),tensor(train(1)),{n})"] for n in range(3)], rel=1e-6
    )
