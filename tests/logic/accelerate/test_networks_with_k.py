"""Networks of which k values count, and gradients that are looked at before a step."""

import contextlib
import io

import numpy as np
import pytest
import torch
from deepproblog.engines import ExactEngine
from deepproblog.model import Model
from deepproblog.network import Network
from deepproblog.query import Query
from problog.logic import Constant, Term, Var

from gedi_nesy.logic import accelerate

PROGRAM = """
nn(net, [X], Y, [0, 1, 2, 3, 4]) :: digit(X, Y).
sum(X, Y, Z) :- digit(X, A), digit(Y, B), Z is A + B.
small(X) :- digit(X, A), \\+ digit(X, 3), A < 4.
some(X) :- digit(X, _).
t(0.3) :: slip.
slipped(X, Z) :- slip, digit(X, Z).
"""

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def model_of(k: int | None, fast: bool) -> tuple[Model, torch.nn.Linear]:
    torch.manual_seed(0)
    linear = torch.nn.Linear(4, 5)
    network = Network(torch.nn.Sequential(linear, torch.nn.Softmax(-1)), "net", k=k, batching=True)
    model = Model(PROGRAM, [network], load=False)
    with contextlib.redirect_stdout(io.StringIO()):
        if fast:
            accelerate(model)
        else:
            model.set_engine(ExactEngine(model), cache=False)
    images = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    model.add_tensor_source("train", {(Constant(i),): image for i, image in enumerate(images)})
    return model, linear


def image(index: int) -> Term:
    return Term("tensor", Term("train", Constant(index)))


def asked() -> list[Query]:
    pairs = [(image(a), image(b)) for a, b in ((0, 1), (2, 3), (4, 5))]
    queries = [Query(Term("sum", a, b, Constant(total))) for a, b in pairs for total in (1, 4, 7)]
    queries += [Query(Term(name, a)) for name in ("small", "some") for pair in pairs for a in pair]
    return [*queries, Query(Term("sum", image(0), image(3), Var("Z")))]


def values(model: Model) -> list[dict[str, float]]:
    found = [{str(term): float(p) for term, p in result.result.items()} for result in model.solve(asked())]
    return [{term: p for term, p in answers.items() if p > 0} for answers in found]


@pytest.mark.parametrize("k", [1, 3, 5])
def test_the_best_values_count_in_evaluation(k):
    """As in DeepProbLog, whose answers leave out what has no proof."""
    found = []
    for fast in (False, True):
        model, _ = model_of(k, fast)
        model.eval()
        found.append(values(model))
    stock, ours = found
    assert [sorted(answers) for answers in ours] == [sorted(answers) for answers in stock]
    for mine, theirs in zip(ours, stock, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-6)


def test_values_are_drawn_by_their_probabilities_in_training():
    model, _ = model_of(1, fast=True)
    np.random.seed(0)
    whole = model.networks["net"].network_module(model.get_tensor(image(0))[None])[0].detach()
    queries = [Query(Term("sum", image(0), image(1), Constant(total))) for total in range(9)]
    drawn = np.zeros(5)
    for _ in range(400):
        results = model.solve([Query(Term("slipped", image(0), Constant(value))) for value in range(5)])
        positive = [float(next(iter(result.result.values()))) > 0 for result in results]
        assert sum(positive) == 1
        drawn += positive
    expected = whole.numpy()
    assert np.all(np.abs(drawn / 400 - expected) < 4 * np.sqrt(expected * (1 - expected) / 400))
    totals = [float(next(iter(result.result.values()))) for result in model.solve(queries)]
    assert sum(total > 0 for total in totals) == 1


def test_gradients_are_there_before_a_step_and_add_up():
    """A loop that looks at them, or calls backward again, is as right as DeepProbLog's own."""
    found = []
    for fast in (False, True):
        model, linear = model_of(None, fast)
        given: list[float] = []
        model.optimizer.add_parameter_gradient = lambda index, gradient, given=given: given.append(
            float(gradient)
        )
        queries = [Query(Term("slipped", image(i), Constant(value))) for i, value in ((0, 1), (1, 2))]
        for _ in range(2):
            results = model.solve(queries)
            for result in results:
                (p,) = result.result.values()
                (-torch.log(p)).backward(retain_graph=True)
        (p,) = results[0].result.values()
        p.backward()
        if fast:
            model.optimizer.step()
        found.append((linear.weight.grad.clone(), sum(given)))
    torch.testing.assert_close(found[1][0], found[0][0])
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-6)


def test_queries_of_the_same_circuit_are_evaluated_together():
    """Whatever constants their networks read."""
    model, _ = model_of(None, fast=True)
    queries = [
        Query(Term("sum", Constant(a), Constant(b), Constant(3))) for a in range(3) for b in range(3, 6)
    ]
    model.solver.grouping.may_leave_open = False
    (group,) = model.solver.grouping.groups(queries)
    assert [member.position for member in group.members] == list(range(9))
    assert len({id(member.template) for member in group.members}) == 9
