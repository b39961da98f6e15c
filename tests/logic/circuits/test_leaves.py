"""Complements in log space, values and gradients, against closed forms; learnable heads by finite differences."""

from pathlib import Path

import pytest
import torch
from torch import nn

from gedi_nesy.logic import Program
from gedi_nesy.logic.circuits.leaves import log1mexp

CASES = Path(__file__).parent.parent.parent / "cases"


class Logits(nn.Module):
    """A network whose images are its logits."""

    def __init__(self, outputs):
        super().__init__()
        self.num_clusters = outputs

    def log_probs(self, x):
        return torch.log_softmax(x, dim=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("gap", [1.0, 30.0, 86.0, 100.0, 300.0, 700.0, 1300.0])
@pytest.mark.parametrize("outputs", [2, 3])
def test_a_negated_choice_keeps_value_and_gradient(gap, outputs, dtype):
    domain = list(range(outputs))
    text = f"nn(net, [X], Y, {domain}) :: digit(X, Y).\nq(X) :- \\+ digit(X, 0).\n"
    query = Program.from_string(text, {"net": Logits(outputs)}).compile("q(X)", ["X"])
    x = torch.zeros(1, outputs, dtype=dtype)
    x[0, 0] = gap
    x.requires_grad_()
    value = query.log_prob(X=x)
    value.sum().backward()
    # log P = log((n - 1) / (exp(gap) + n - 1)), and its derivative by the first logit is -P(digit is 0).
    others = torch.tensor(float(outputs - 1), dtype=torch.float64)
    exact = others.log() - torch.logaddexp(torch.tensor(gap, dtype=torch.float64), others.log())
    torch.testing.assert_close(value.double(), exact[None], rtol=1e-5, atol=0)
    p = torch.sigmoid(gap - others.log())
    gradient = torch.cat([-p[None], (p / others).expand(outputs - 1)])
    torch.testing.assert_close(x.grad[0].double(), gradient, rtol=1e-4, atol=1e-6)


def test_log1mexp_next_to_both_ends():
    log_p = torch.tensor([-1e-300, -1e-18, -1e-3, -0.7, -5.0, -50.0, -700.0], dtype=torch.float64)
    log_p.requires_grad_()
    value = log1mexp(log_p)
    value.sum().backward()
    exact = [
        -690.7755278982137,
        -41.44653167389282,
        -6.908255320642369,
        -0.6863410215,
        -0.0067607507,
        -1.9287498479639178e-22,
    ]
    torch.testing.assert_close(value[:6], torch.tensor(exact, dtype=torch.float64), rtol=1e-5, atol=0)
    exact_gradient = 1 / torch.expm1(-log_p.detach())
    torch.testing.assert_close(log_p.grad, -exact_gradient, rtol=1e-7, atol=0)


def test_certain_outputs_have_finite_values_and_gradients():
    for p in (0.0, -torch.inf):
        log_p = torch.full((1,), p, dtype=torch.float64, requires_grad=True)
        value = log1mexp(log_p)
        value.sum().backward()
        assert value.isfinite().all()
        assert log_p.grad is not None
        assert log_p.grad.isfinite().all()


LEARNABLE = [
    (CASES / "alternative_learnable.pl").read_text(),
    "0.7::a; t(0.3)::b. c :- a. c :- b. query(b).",
    "0.7::a; t(0.3)::b. 0.5::c. d :- a, c. d :- b. query(d).",
    "0.2::a; t(0.3)::b; t(0.1)::c. d :- a. d :- \\+ c, \\+ b. query(d).",
    "t(0.5)::b; t(0.5)::c. 0.3::a. d :- a, b. d :- c, \\+ a. query(d).",
    "0.7::a. t(0.3)::b. d :- a. d :- b. evidence(d). query(a).",
]


@pytest.mark.parametrize("text", LEARNABLE)
def test_learnable_heads_have_the_gradient_of_finite_differences(text):
    program = Program.from_string(text, {})
    goal = next(str(s.args[0]) for s in program.source.statements if s.functor == "query")
    query = program.compile(goal, [])
    query.log_prob().sum().backward()
    for logits in program.parameters():
        found = logits.grad
        assert found is not None
        assert found.abs().max() > 1e-5
        for i in range(len(logits)):
            step = torch.zeros_like(logits)
            step[i] = 1e-6
            with torch.no_grad():
                logits.add_(step)
                above = query.log_prob()
                logits.sub_(2 * step)
                below = query.log_prob()
                logits.add_(step)
            torch.testing.assert_close(found[i], ((above - below) / 2e-6)[0], rtol=1e-5, atol=1e-8)


def test_a_head_beside_a_fixed_one_learns():
    program = Program.from_string("0.7::a; t(0.3)::b. query(b).", {})
    query = program.compile("b", [])
    assert program.learnable.probabilities()["b (<string>:1)"] == pytest.approx(0.3, rel=2e-3)
    optimizer = torch.optim.Adam(program.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        loss = (query.log_prob().exp() - 0.1).square().sum()
        loss.backward()
        optimizer.step()
    assert query.distribution().item() == pytest.approx(0.1, abs=1e-3)
    assert Program.from_string("t(0.9999)::a.", {}).learnable.probabilities() == {
        "a (<string>:1)": pytest.approx(0.9999)
    }
