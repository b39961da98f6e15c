"""DeepProbLog's own models, queries, data loaders and training loop, with one line changed."""

import contextlib
import io
import itertools
from pathlib import Path

import deepproblog
import pytest
import torch
from deepproblog.dataset import DataLoader, QueryDataset
from deepproblog.engines import ExactEngine
from deepproblog.evaluate import get_confusion_matrix
from deepproblog.model import Model
from deepproblog.network import Network
from deepproblog.optimizer import SGD
from deepproblog.query import Query
from deepproblog.train import train_model
from problog.logic import Constant, Term, list2term

from gedi_nesy.logic import ProgramError, accelerate

EXAMPLES = Path(deepproblog.__file__).parent / "examples"
ENGINES = ("stock", "circuits")

# DeepProbLog compares tensors that require gradients with numbers, which torch warns about.
pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def use(engine: str, model: Model) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        if engine == "stock":
            model.set_engine(ExactEngine(model), cache=True)
        else:
            accelerate(model)


def train(model: Model, queries: list[Query], epochs: int = 2) -> float:
    """Three batches an epoch; returns the loss over all of them."""
    with contextlib.redirect_stdout(io.StringIO()):
        loader = DataLoader(QueryDataset(queries), max(1, len(queries) // 3), shuffle=False)
        done = train_model(model, loader, epochs, verbose=0, initial_test=False)
    return float(done.accumulated_loss)


class Digits(torch.nn.Module):
    """A small classifier that counts its calls."""

    def __init__(self, outputs: int = 10, inputs: int = 16):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(inputs, outputs)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return torch.softmax(self.linear(x.flatten(1)), 1)


def mnist_model(
    engine: str, file: str = "addition.pl", goal: str = "addition"
) -> tuple[Model, Digits, list[Query]]:
    network = Digits()
    wrapped = Network(network, "mnist_net", batching=True)
    wrapped.optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    model = Model(EXAMPLES / "MNIST" / "models" / file, [wrapped])
    use(engine, model)
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(24, 16, generator=generator)
    labels = torch.randint(0, 10, (24,), generator=generator).tolist()
    model.add_tensor_source("train", {(Constant(i),): image for i, image in enumerate(images)})
    a, b = Term("a"), Term("b")
    queries = []
    for i in range(0, 24, 2):
        names = {
            a: Term("tensor", Term("train", Constant(i))),
            b: Term("tensor", Term("train", Constant(i + 1))),
        }
        queries.append(Query(Term(goal, a, b, Constant(labels[i] + labels[i + 1])), names))
    return model, network, queries


def test_mnist_addition_trains_to_the_same_weights():
    losses, weights, calls = {}, {}, {}
    for engine in ENGINES:
        model, network, queries = mnist_model(engine)
        losses[engine] = train(model, queries)
        weights[engine] = network.linear.weight.detach().clone()
        calls[engine] = network.calls
    assert losses["circuits"] == pytest.approx(losses["stock"], rel=1e-5)
    torch.testing.assert_close(weights["circuits"], weights["stock"], rtol=1e-4, atol=1e-6)
    assert calls == {"stock": 24, "circuits": 6}


def test_labels_share_one_circuit_where_the_program_is_pure():
    """Twelve queries with their own sums; the noisy program negates only a ground goal."""
    for file, goal in (("addition.pl", "addition"), ("noisy_addition.pl", "addition_noisy")):
        model, _, queries = mnist_model("circuits", file, goal)
        model.solve(queries)
        assert len(model.solver.grouping.compiled) == 1
    wrapped = Network(Digits(), "mnist_net", batching=True)
    text = "nn(mnist_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y). q(X, Y) :- \\+ digit(X, Y)."
    model = Model(text, [wrapped], load=False)
    accelerate(model)
    model.add_tensor_source("train", {(Constant(0),): torch.zeros(16)})
    image = Term("tensor", Term("train", Constant(0)))
    results = model.solve([Query(Term("q", image, Constant(value))) for value in (3, 4)])
    p = wrapped.network_module(torch.zeros(1, 16))[0]
    found = [float(next(iter(result.result.values()))) for result in results]
    assert found == pytest.approx([1 - p[3].item(), 1 - p[4].item()])
    assert len(model.solver.grouping.compiled) == 2


def test_evaluation_agrees():
    confusion = {}
    for engine in ENGINES:
        model, _, queries = mnist_model(engine)
        with contextlib.redirect_stdout(io.StringIO()):
            confusion[engine] = get_confusion_matrix(model, QueryDataset(queries)).matrix
    assert confusion["circuits"].tolist() == confusion["stock"].tolist()


def test_learnable_parameters_follow_deepproblogs_optimizer():
    parameters = {}
    for engine in ENGINES:
        model, _, queries = mnist_model(engine, "noisy_addition.pl", "addition_noisy")
        model.optimizer = SGD(model, 1e-2)
        model.parameters = [0.3] * len(model.parameters)
        train(model, queries)
        parameters[engine] = model.parameters
    assert parameters["circuits"] == pytest.approx(parameters["stock"], rel=1e-5)
    assert parameters["circuits"] != [0.3] * len(parameters["circuits"])


class Encoder(torch.nn.Module):
    """A table over small integers, as Forth's sketches use."""

    def __init__(self, outputs: int):
        super().__init__()
        torch.manual_seed(0)
        self.table = torch.nn.Parameter(torch.randn(10, 10, 10, outputs))

    def forward(self, *terms):
        index = [int(term) for term in terms] + [0] * (3 - len(terms))
        return torch.softmax(self.table[tuple(index)], 0)


def forth_model(engine: str, path: Path, networks: dict[str, int]) -> tuple[Model, list[Encoder]]:
    modules = [Encoder(outputs) for outputs in networks.values()]
    wrapped = [Network(module, name) for name, module in zip(networks, modules, strict=True)]
    for network, module in zip(wrapped, modules, strict=True):
        network.optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    model = Model(path.read_text(), wrapped, load=False)
    use(engine, model)
    return model, modules


def numbers(*values: int) -> Term:
    return list2term([Constant(value) for value in values])


@pytest.mark.parametrize(
    ("file", "networks", "queries"),
    [
        (
            "Add/choose.pl",
            {"neural1": 10, "neural2": 2},
            [
                Query(Term("add", numbers(1, 2), numbers(3, 9), Constant(0), numbers(0, 5, 1))),
                Query(Term("add", numbers(9, 2), numbers(3, 5), Constant(1), numbers(1, 2, 8))),
                Query(Term("add", numbers(0, 0), numbers(3, 0), Constant(0), numbers(0, 3, 0))),
            ],
        ),
        (
            "Sort/quicksort.pl",
            {"swap_net": 2},
            [
                Query(Term("forth_sort", numbers(*permutation), numbers(1, 2, 3)))
                for permutation in itertools.permutations((1, 2, 3))
            ],
        ),
    ],
)
def test_forth_sketches_train_to_the_same_weights(file, networks, queries):
    losses, weights = {}, {}
    for engine in ENGINES:
        model, modules = forth_model(engine, EXAMPLES / "Forth" / file, networks)
        losses[engine] = train(model, queries)
        weights[engine] = [module.table.detach().clone() for module in modules]
    assert losses["circuits"] == pytest.approx(losses["stock"], rel=1e-5)
    for mine, theirs in zip(weights["circuits"], weights["stock"], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_same_image_twice_is_one_image():
    model, _, _ = mnist_model("circuits")
    image = Term("tensor", Term("train", Constant(0)))
    a, b = Term("a"), Term("b")
    (result,) = model.solve([Query(Term("addition", a, b, Constant(1)), {a: image, b: image})])
    assert [float(p) for p in result.result.values()] == [0.0]


@pytest.mark.parametrize(
    "program", ["nn(net, [X], Y) :: d(X, Y).", "P :: d(X, Y) :- tensor_index(X, [Y], P)."]
)
def test_programs_over_tensors_keep_the_stock_engine_with_a_warning(program):
    model = Model(program, [Network(Digits(2), "net")], load=False)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        pytest.warns(UserWarning, match="needs DeepProbLog's own engine") as warned,
    ):
        accelerate(model)
    assert len(warned) == 1
    assert isinstance(model.solver.engine, ExactEngine)


def test_a_program_that_loads_python_is_refused():
    with pytest.raises(ProgramError, match="allow_python=True"):
        accelerate(Model(":- use_module('evil.py').", [], load=False))
