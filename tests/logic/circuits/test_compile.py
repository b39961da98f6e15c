"""Routes, budgets, and KLay's own layers as a second opinion on the evaluation."""

import io
import sys
import time

import pytest
import torch

from gedi_nesy.logic import Budget, Program, ProgramError
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.layers import layer_graph
from gedi_nesy.logic.engines.klay import KlayEvaluator
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Variable
from tests.logic.oracles import Table, images

DIGITS = {"digit_net": Table(), "given": Table()}


@pytest.mark.parametrize(
    ("name", "query", "answer", "route"),
    [
        ("addition", "addition(A, B, C)", None, "direct"),
        ("sum", "sum(A, B, N)", "N", "direct"),
        ("numbers", "addition([A], [B], N)", "N", "direct"),
        ("digits", "addition([A, B], [C, D], [E, F, G])", None, "direct"),
        ("differ", "differ(A, B)", None, "elimination"),
    ],
)
def test_routes(programs, name, query, answer, route):
    program = Program.from_file(programs / f"{name}.pl", DIGITS)
    images_read = [letter for letter in query if letter in "ABCDEFG"]
    assert program.compile(query, images_read, answer).template.report.route == route


def test_a_part_that_is_no_circuit_is_replaced_alone():
    text = """
    nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).
    0.1 :: left. 0.2 :: right.
    noisy :- left.
    noisy :- right.
    q(A, B) :- digit(A, X), digit(B, X), noisy.
    """
    query = Program.from_string(text, DIGITS).compile("q(A, B)", ["A", "B"])
    assert query.template.report.route == "mixed"
    x = {"A": images(3, 0), "B": images(3, 1)}
    same = (DIGITS["digit_net"].log_probs(x["A"]) + DIGITS["digit_net"].log_probs(x["B"])).exp().sum(1)
    torch.testing.assert_close(query.log_prob(**x).exp(), same * (1 - 0.9 * 0.8))


def chain(length: int) -> tuple[Graph, int]:
    """A hand-made carry chain of 100 branches a link, about 300 nodes each."""
    weights = tuple(ConstantWeight(0.1) for _ in range(10))
    names = tuple(map(str, range(10)))
    graph = Graph([Variable(names, weights) for _ in range(2 * length)])
    carry = [1, 0]
    for link in range(length):
        branches: list[list[int]] = [[], []]
        for a in range(10):
            for b in range(10):
                for incoming in (0, 1):
                    digits = [graph.literal(2 * link, 1 << a), graph.literal(2 * link + 1, 1 << b)]
                    if (a + b + incoming) % 10 == 3:
                        branches[a + b + incoming >= 10].append(graph.conjunction([*digits, carry[incoming]]))
        carry = [graph.disjunction(part) for part in branches]
    return graph, graph.disjunction(carry)


@pytest.mark.parametrize("length", [1, 6])
def test_klays_own_layers_agree(length):
    graph, root = chain(length)
    with Watch("test", "chain", DEFAULT_BUDGET) as watch:
        compiled = compile_graph(graph, [root], watch)
    plan = layer_graph(compiled.graph, compiled.roots)
    stock = KlayEvaluator(plan)
    generator = torch.Generator().manual_seed(0)
    ours = torch.randn(len(plan.leaves), 5, dtype=torch.float64, generator=generator).sub_(2).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    value, reference = Evaluator(plan)(ours)[:, 0], stock(theirs)[:, 0]
    torch.testing.assert_close(value, reference)
    weights = torch.randn(5, dtype=torch.float64, generator=generator)
    (value * weights).sum().backward()
    (reference * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_budget_of_nodes_names_what_was_reached(programs):
    program = Program.from_file(programs / "numbers.pl", DIGITS)
    message = (
        r"numbers\.pl: addition\(\[A, B\], \[C, D\], N\) takes more than 1,000 nodes"
        r" \(grounding: 1,\d\d\d nodes after \d+\.\d s\); .* is the usual cause, or raise the budget$"
    )
    with pytest.raises(ProgramError, match=message):
        program.compile("addition([A, B], [C, D], N)", list("ABCD"), "N", budget=Budget(nodes=1000))


def test_a_budget_of_seconds_stops_a_recursion_that_grounds_nothing():
    program = Program.from_string(
        "p(X) :- Y is X + 1, p(Y).\n0.5 :: q.\nr :- p(0), q.", {}, name="endless.pl"
    )
    with pytest.raises(ProgramError, match=r"endless\.pl: r takes more than 0\.3 seconds \(grounding: "):
        program.compile("r", [], budget=Budget(seconds=0.3))


def test_a_budget_stops_a_decision_diagram():
    clauses = "\n".join(f"q(X) :- a({i}), b({17 * i % 23}), c({i * i % 19})." for i in range(23))
    facts = "\n".join(f"0.5 :: {name}({i})." for name in "abc" for i in range(23))
    program = Program.from_string(f"{facts}\n{clauses}\n0.5 :: z(1).", {}, name="wide.pl")
    with pytest.raises(ProgramError, match=r"takes more than 400 nodes \(decision diagram: "):
        program.compile("q(1)", [], budget=Budget(nodes=400))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, False), (1.5, True)])
def test_progress_is_shown_after_a_second_on_a_terminal(monkeypatch, seconds, shown):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Watch("task.pl", "q(A)", DEFAULT_BUDGET) as watch:
        watch.enter("decision diagram")
        watch.check(1234)
        watch.fraction = 0.5
        time.sleep(seconds)
    text = sys.stderr.getvalue()
    assert (f"q(A): decision diagram [{'#' * 12}{'.' * 12}] 1,234 nodes, 1 s" in text) == shown
    assert text.endswith("\r\x1b[K") == shown
