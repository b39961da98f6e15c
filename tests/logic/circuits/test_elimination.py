"""Variable elimination against sums over all worlds, forward algorithms, and its own promise: linear size."""

import itertools
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gedi_nesy.logic import Program
from gedi_nesy.logic.circuits import portfolio
from gedi_nesy.logic.circuits.elimination.eliminate import eliminate, plan_elimination
from gedi_nesy.logic.circuits.elimination.network import build_network
from gedi_nesy.logic.circuits.elimination.propagate import ContradictionError
from gedi_nesy.logic.grounding.graph import And, ConstantWeight, Graph, Literal, Not, Or, Variable
from tests.logic.oracles import truths

CASES = Path(__file__).parents[2] / "cases"


def random_graph(seed: int) -> tuple[Graph, list[int]]:
    """Gates over a few variables of two to four values, some of probability 0, and roots, some on a condition."""
    chance = random.Random(seed)
    variables = []
    for number in range(chance.randint(2, 6)):
        shares = [chance.choice((0.0, 0.1, 0.25, 0.3)) for _ in range(chance.randint(1, 3))]
        names = tuple(f"v{number}_{value}" for value in range(len(shares)))
        variables.append(Variable(names, tuple(map(ConstantWeight, shares))))
    graph = Graph(variables)
    nodes = [
        graph.literal(v, chance.randrange(1, variables[v].all_values))
        for v in range(len(variables))
        for _ in range(2)
    ]
    for _ in range(chance.randint(2, 14)):
        children = chance.sample(nodes, min(len(nodes), chance.randint(1, 4)))
        children = [graph.negation(child) if chance.random() < 0.3 else child for child in children]
        nodes.append(chance.choice((graph.conjunction, graph.disjunction))(children))
    roots = nodes[-chance.randint(1, 3) :]
    if chance.random() < 0.6:
        condition = graph.conjunction(chance.sample(nodes, chance.randint(1, 2)))
        roots = [*(graph.conjunction([root, condition]) for root in roots), condition]
    return graph, roots


def worlds(graph: Graph):
    """Every world, and its probability."""
    for world in itertools.product(*(range(len(variable.weights) + 1) for variable in graph.variables)):
        weight = 1.0
        for variable, value in zip(graph.variables, world, strict=True):
            shares = [part.probability for part in variable.weights]
            weight *= [*shares, 1 - sum(shares)][value]
        yield world, weight


def is_decomposable(graph: Graph) -> bool:
    supports: list[set[int]] = []
    for node in graph.nodes:
        below = [supports[child] for child in node.children]
        supports.append({node.variable} if isinstance(node, Literal) else set().union(*below))
        if isinstance(node, And) and sum(map(len, below)) > len(supports[-1]):
            return False
    return True


def eliminated(graph: Graph, roots: list[int]) -> tuple[Graph, list[int]]:
    plan = plan_elimination(graph, roots, lambda: None)
    assert plan is not None
    return eliminate(plan, graph, lambda reached: None)


@pytest.mark.parametrize("seed", range(80))
def test_random_graphs_against_all_worlds(seed):
    graph, roots = random_graph(seed)
    target, found = eliminated(graph, roots)
    assert is_decomposable(target)
    assert not any(isinstance(node, Not) for node in target.nodes)
    for world, weight in worlds(graph):
        if weight == 0:
            continue
        before, after = truths(graph, world), truths(target, world)
        assert [after[root] for root in found] == [before[root] for root in roots]
        for node in target.nodes:
            if isinstance(node, Or):
                assert sum(after[child] for child in node.children) <= 1


def test_a_contradiction_is_false():
    graph = Graph([Variable((name,), (ConstantWeight(0.5),)) for name in "ab"])
    a, b = graph.literal(0, 1), graph.literal(1, 1)
    both = graph.conjunction([graph.disjunction([a, b]), graph.negation(graph.conjunction([a, b]))])
    root = graph.conjunction([both, a, b])
    with pytest.raises(ContradictionError):
        build_network(graph, [root], lambda: None)
    assert eliminated(graph, [root])[1] == [0]


def case(name: str, size: int) -> Program:
    """A case by the script that prints it."""
    command = [sys.executable, str(CASES / f"{name}.py"), str(size)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Program.from_string(text, {})


@pytest.mark.parametrize("name", ["markov", "local_bn"])
def test_size_is_linear(monkeypatch, name):
    """Twice the length, twice the circuit."""
    monkeypatch.setattr(portfolio, "WORTH_COMPARING", 0)
    edges = []
    for size in (20, 40, 80):
        program = case(name, size)
        (query,) = program.front_end.own_queries()
        template = program.compile(str(query), []).template
        assert template.report.route == "elimination"
        edges.append(template.circuit.edges)
    assert edges[2] - edges[1] == pytest.approx(2 * (edges[1] - edges[0]), rel=0.05)


def test_a_hidden_markov_model_against_the_forward_algorithm():
    """The numbers are those of the script `hmm.py`."""
    steps = 60
    transition = np.array([[0.6, 0.3, 0.1], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6]])
    emission = {"x": np.array([0.9, 0.5, 0.2]), "y": np.array([0.1, 0.5, 0.8])}
    chance = random.Random(1)
    symbols = [chance.choice("xy") for _ in range(steps + 1)]
    belief = np.full(3, 1 / 3) * emission[symbols[0]]
    for symbol in symbols[1:]:
        belief = (belief / belief.sum()) @ transition * emission[symbol]
    found = {str(term): value for term, value in case("hmm", steps).solve()}
    expected = belief / belief.sum()
    assert found == pytest.approx({f"state({steps},{s})": p for s, p in zip("abc", expected, strict=True)})
