"""A network whose output is no distribution is refused, naming network, predicate and value, wherever it comes in."""

from functools import partial

import pytest
import torch
from torch import Tensor

from gedi_nesy.logic import Program, ProgramError, log_prob_together
from gedi_nesy.logic.engines.tensors import ProgramWarning

PROGRAM = """
nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y).
sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.
"""
FACT = "nn(net, [X]) :: seen(X).\nboth(A, B) :- seen(A), seen(B)."


class LogProbs:
    """A network that gives log-probabilities."""

    def __init__(self, rows):
        self.rows = rows

    def log_probs(self, x):
        return self.rows[:1].expand(len(x), -1)


def probabilities(rows):
    return lambda x: rows[:1].expand(len(x), -1)


WRONG = {
    "NaN": ([[torch.nan, 0.5, 0.5]], "returned NaN in row 0"),
    "sums to 6": ([[2.0, 2.0, 2.0]], "returned probabilities that sum to 6 in row 0"),
    "sums to a half": ([[0.1, 0.2, 0.2]], r"returned probabilities that sum to 0\.5 in row 0"),
    "infinite": ([[torch.inf, 0.0, 0.0]], "returned probabilities that sum to inf in row 0"),
}
NEGATIVE = ([[-0.5, 0.5, 1.0]], r"returned -0\.5, which is no probability; end it in a softmax")


def ways(query, x):
    """Everything that reads a network's outputs."""
    yield lambda: query.log_prob(A=x, B=x + 1, N=[2] * len(x))
    yield lambda: query.distribution(A=x, B=x + 1)
    yield lambda: query.explain(A=x, B=x + 1)
    yield lambda: log_prob_together([(query, {"A": x, "B": x + 1, "N": [2] * len(x)})])


@pytest.mark.parametrize("kind", [*WRONG, "negative"])
@pytest.mark.parametrize("engine", ["circuit", "klay", "deepproblog"])
def test_probabilities(kind, engine):
    rows, message = WRONG.get(kind, NEGATIVE)
    program = Program.from_string(PROGRAM, {"net": probabilities(torch.tensor(rows))})
    query = program.compile("sum(A, B, N)", images=["A", "B"], answer="N", engine=engine)
    for way in ways(query, torch.rand(4, 1, 2, 2)):
        with pytest.raises(ProgramError, match=f"network 'net', asked for by digit.*{message}"):
            way()


@pytest.mark.parametrize("kind", WRONG)
def test_log_probabilities(kind):
    rows, message = WRONG[kind]
    wrong = torch.tensor(rows).log()
    program = Program.from_string(PROGRAM, {"net": LogProbs(wrong)})
    query = program.compile("sum(A, B, N)", images=["A", "B"], answer="N")
    for way in ways(query, torch.rand(4, 1, 2, 2)):
        with pytest.raises(ProgramError, match=f"network 'net', asked for by digit.*{message}"):
            way()
    if kind != "NaN":
        right = torch.full((4, 3), 1 / 3).log()
        with pytest.raises(ProgramError, match=f"network 'net', asked for by digit with B, {message}"):
            query.log_prob_of(A=right, B=wrong.expand(4, -1), N=[2] * 4)


def test_the_row_is_named():
    right = torch.full((4, 3), 1 / 3)
    right[2] *= 2
    program = Program.from_string(
        PROGRAM, {"net": lambda x: right[: len(x)] if len(x) == 4 else right.repeat(2, 1)}
    )
    query = program.compile("sum(A, B, 2)", images=["A", "B"])
    with pytest.raises(
        ProgramError, match="with A, returned probabilities that sum to 2 in row 2 of the batch"
    ):
        query.log_prob(A=torch.rand(4, 1, 2, 2), B=torch.rand(4, 1, 2, 2))


def test_facts_have_one_probability():
    x = torch.rand(4, 1, 2, 2)
    query = Program.from_string(FACT, {"net": probabilities(torch.tensor([[0.4]]))}).compile(
        "both(A, B)", images=["A", "B"]
    )
    torch.testing.assert_close(query.log_prob(A=x, B=x + 1).exp(), torch.full((4,), 0.16))
    for value in (1.5, -0.5, torch.nan):
        program = Program.from_string(FACT, {"net": probabilities(torch.tensor([[value]]))})
        with pytest.raises(ProgramError, match="network 'net', asked for by seen"):
            program.compile("both(A, B)", images=["A", "B"]).log_prob(A=x, B=x + 1)


TENSORS = "nn(embed, [X], E) :: e(X, E). nn(read, [E], Y, [a, b]) :: r(E, Y). q(X) :- e(X, E), r(E, a)."


def read_by(network) -> Tensor:
    """P(q) of an image of zeros, whose embedding is its 4 pixels."""
    networks = {"embed": lambda x: x.flatten(1), "read": network}
    with pytest.warns(ProgramWarning):
        query = Program.from_string(TENSORS, networks).compile("q(X)", ["X"])
    return query.log_prob(X=torch.zeros(1, 1, 2, 2)).exp()


def test_tensors_as_terms():
    assert read_by(lambda e: torch.tensor([[0.3, 0.7]])).item() == pytest.approx(0.3)
    assert read_by(lambda e: torch.tensor([[0.0, 1.0]])).item() < 1e-37
    wrong = {"NaN": [torch.nan, 0.5], "that sum to 4": [2.0, 2.0], "-0.5, which is no": [-0.5, 1.5]}
    for message, row in wrong.items():
        with pytest.raises(ProgramError, match=f"network 'read', asked for by r.* returned .*{message}"):
            read_by(lambda e, row=row: torch.tensor([row]))


class Faulty(torch.nn.Module):
    """A person's network with a bug of its own."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, *inputs):
        raise self.error


@pytest.mark.parametrize("kind", [TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError])
@pytest.mark.parametrize("engine", ["circuit", "deepproblog", "tensors"])
def test_what_a_persons_own_network_raises_comes_out_as_it_is(engine, kind):
    network, x = Faulty(kind("mine")), torch.rand(2, 1, 2, 2)
    program = Program.from_string(PROGRAM, {"net": network})
    asked = {} if engine == "tensors" else {"engine": engine}
    query = program.compile("sum(A, B, N)", images=["A", "B"], answer="N", **asked)
    call = partial(read_by, network) if engine == "tensors" else partial(query.distribution, A=x, B=x + 1)
    with pytest.raises(kind) as raised:
        call()
    assert raised.value is network.error
    assert raised.traceback[-1].name == "forward"


def test_what_torch_raises_in_it_names_the_network_and_keeps_its_traceback():
    with pytest.raises(ProgramError, match="network 'read' cannot read images of shape") as raised:
        read_by(Faulty(RuntimeError("mat1 and mat2")))
    assert isinstance(raised.value.__cause__, RuntimeError)
    assert raised.value.__cause__.__traceback__ is not None


def test_a_network_over_tensors_that_cannot_compute_is_named():
    with pytest.raises(
        ProgramError, match=r"network 'read' cannot read images of shape \(4,\): .*mat1 and mat2"
    ):
        read_by(lambda e: e @ torch.zeros(3, 2))
    with pytest.raises(ProgramError, match="the domain of r has 2 values but network 'read' has 3 outputs"):
        read_by(lambda e: torch.full((1, 3), 1 / 3))


@pytest.mark.parametrize("engine", ["circuit", "klay", "deepproblog"])
def test_what_is_impossible_has_probability_0_and_a_finite_logarithm(engine):
    query = Program.from_string(PROGRAM, {"net": probabilities(torch.tensor([[1.0, 0.0, 0.0]]))}).compile(
        "sum(A, B, N)", images=["A", "B"], answer="N", engine=engine
    )
    x = torch.rand(2, 1, 2, 2)
    torch.testing.assert_close(query.distribution(A=x, B=x + 1), torch.eye(5)[[0, 0]], rtol=0, atol=1e-30)
    assert query.log_prob(A=x, B=x + 1, N=[4, 4]).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("width", [2, 10, 1000])
def test_softmax_passes_in_every_dtype(dtype, width):
    values = ", ".join(map(str, range(width)))
    text = f"nn(net, [X], Y, [{values}]) :: digit(X, Y).\nfirst(A) :- digit(A, 0)."
    generator = torch.Generator().manual_seed(0)
    for sharpness in (0.0, 1.0, 10.0):
        logits = (sharpness * torch.randn(64, width, generator=generator)).to(dtype)
        x = torch.zeros(64, 1, 2, 2, dtype=dtype)
        for network in (LogProbsByRow(torch.log_softmax(logits, dim=1)), ByRow(torch.softmax(logits, dim=1))):
            query = Program.from_string(text, {"net": network}).compile("first(A)", images=["A"])
            assert query.log_prob(A=x).isfinite().all()


class LogProbsByRow(LogProbs):
    """The same, a row an image."""

    def log_probs(self, x):
        return self.rows


class ByRow:
    """Probabilities, a row an image."""

    def __init__(self, rows):
        self.rows = rows

    def __call__(self, x):
        return self.rows
