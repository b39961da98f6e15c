"""A predicate that a program defines is the program's, whatever DeepProbLog calls its tensor builtins."""

import warnings

import pytest
import torch
from deepproblog.engines.builtins import register_tensor_predicates
from deepproblog.model import Model
from deepproblog.network import Network
from deepproblog.query import Query
from problog.logic import Constant, Term
from torch import nn

from gedi_nesy.logic import Program, accelerate
from tests.logic.oracles import Table, images

RIGHT = {
    "builtin_add": {"add(1,2,4)": 0.3},
    "builtin_cat": {"cat(tom,small)": 0.2},
    "builtin_less_than": {"less_than(1,2)": 0.3},
    "builtin_max": {"max(1,2)": 0.4},
    "builtin_stack": {"above(a,c)": 0.2},
}


@pytest.mark.parametrize("name", RIGHT)
def test_cases(name, root):
    answers = Program.from_file(root / "tests" / "cases" / f"{name}.pl", networks={}).solve()
    assert {str(term): p for term, p in answers} == pytest.approx(RIGHT[name])


class _Names:
    """Stands for an engine, and notes what DeepProbLog registers with it."""

    def __init__(self):
        self.found = []

    def register_foreign(self, func, name, arity_in, arity_out):
        self.found.append((name, arity_in + arity_out))

    register_foreign_nondet = register_foreign


def builtins():
    names = _Names()
    register_tensor_predicates(names)
    return names.found


@pytest.mark.parametrize(("name", "arity"), builtins())
def test_every_builtin_gives_way(name, arity, tmp_path):
    head = f"{name}({', '.join('abc'[:arity])})"
    answers = Program.from_string(f"0.3::{head}. query({head}).", networks={}).solve()
    assert [p for _, p in answers] == pytest.approx([0.3])
    rule = f"0.4::fact. {name}({', '.join('XYZ'[:arity])}) :- fact, X = a. query({head})."
    assert [p for _, p in Program.from_string(rule, networks={}).solve()] == pytest.approx([0.4])
    (tmp_path / "facts.pl").write_text(f"0.3::{head}.\n")
    (tmp_path / "task.pl").write_text(f":- consult('facts.pl').\nquery({head}).\n")
    answers = Program.from_file(tmp_path / "task.pl", networks={}).solve()
    assert [p for _, p in answers] == pytest.approx([0.3])


def test_other_arities_keep_the_builtin():
    text = "0.5::add(1, 2). ask :- add(1, 2), add(1, 2, tensor(_)). query(ask)."
    assert [p for _, p in Program.from_string(text, networks={}).solve()] == pytest.approx([0.5])


def test_a_predicate_asserted_while_running_is_the_programs():
    text = """:- use_module(library('assert.py')).
    go(X) :- assertz(max(1, 7)), max(1, X).
    query(go(X))."""
    assert [str(term) for term, _ in Program.from_string(text, networks={}).solve()] == ["go(7)"]


def below(a, b):
    """P(A < B) of two independent choices."""
    return sum(a[:, i] * b[:, j] for i in range(3) for j in range(3) if i < j)


@pytest.mark.parametrize("engine", ["circuit", "klay", "deepproblog"])
def test_over_images(engine, root):
    table = Table(3)
    path = root / "tests" / "cases" / "network_builtin_name.pl"
    program = Program.from_file(path, networks={"digit_net": table})
    query = program.compile("less_than(X, Y)", images=["X", "Y"], engine=engine)
    x, y = images(2, 0), images(2, 1)
    expected = below(table.log_probs(x).exp(), table.log_probs(y).exp())
    torch.testing.assert_close(query.log_prob(X=x, Y=y).exp(), expected)


def model_of(path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Softmax(dim=1))
    model = Model(str(path), [Network(network, "digit_net", batching=True)])
    pixels = torch.rand(2, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    model.add_tensor_source("train", {(Constant(i),): pixels[i] for i in range(2)})
    return model, network(pixels).detach()


def solved(model):
    both = [Term("tensor", Term("train", Constant(i))) for i in range(2)]
    model.eval()
    (answers,) = [result.result for result in model.solve([Query(Term("less_than", *both))])]
    return float(next(iter(answers.values())))


def test_through_accelerate(root):
    model, p = model_of(root / "tests" / "cases" / "network_builtin_name.pl")
    accelerate(model)
    assert solved(model) == pytest.approx(float(below(p[:1], p[1:])[0]), rel=1e-5)


def test_where_accelerate_keeps_deepproblogs_engine(root, tmp_path):
    text = (root / "tests" / "cases" / "network_builtin_name.pl").read_text()
    path = tmp_path / "tensors.pl"
    path.write_text(text + "nn(embed_net, [X], E) :: embedding(X, E).\n")
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Softmax(dim=1))
    model = Model(
        str(path), [Network(network, "digit_net", batching=True), Network(nn.Flatten(), "embed_net")]
    )
    pixels = torch.rand(2, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    model.add_tensor_source("train", {(Constant(i),): pixels[i] for i in range(2)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accelerate(model)
        p = network(pixels).detach()
        assert solved(model) == pytest.approx(float(below(p[:1], p[1:])[0]), rel=1e-5)
