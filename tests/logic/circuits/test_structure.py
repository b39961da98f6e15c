"""Which nodes of a ground graph are found to be a circuit, and what finding them costs."""

import numpy as np

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Watch
from gedi_nesy.logic.circuits import structure
from gedi_nesy.logic.circuits.structure import find_circuit_nodes
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Variable

WATCH = Watch("test", "graph", DEFAULT_BUDGET)


def test_the_check_looks_at_every_branch_a_few_times(monkeypatch):
    looked_at = []

    def counted(branches, variable):
        looked_at.append(len(branches))
        return buckets(branches, variable)

    buckets = structure._buckets
    monkeypatch.setattr(structure, "_buckets", counted)
    rng = np.random.default_rng(0)
    count = 2000
    graph = Graph([Variable(tuple("abcdefghij"), (ConstantWeight(0.1),) * 10) for _ in range(count)])
    node = 1
    for variable in range(count):
        order = rng.permutation(10)
        branches = [graph.conjunction([graph.literal(variable, 1 << int(v)), node]) for v in order[:9]]
        low = graph.disjunction(branches[:5])
        node = graph.disjunction([low, *branches[5:]])
        graph.literal(variable, 3)
    extra = [
        graph.conjunction([graph.literal(v, 1 << i), graph.literal(v + 1, 1 << j)])
        for v in range(count - 1)
        for i in range(5)
        for j in range(9)
    ]
    verdict = find_circuit_nodes(graph, [node, *extra], WATCH)
    assert len(verdict) > 100_000
    assert all(verdict.values())
    assert sum(looked_at) < 2 * sum(len(node.children) for node in graph.nodes)


def test_the_check_finds_branches_that_overlap():
    graph = Graph([Variable(("a", "b", "c"), (ConstantWeight(0.2),) * 3) for _ in range(3)])
    x = [graph.literal(0, 1 << value) for value in range(3)]
    y = [graph.literal(1, 1 << value) for value in range(3)]
    z = [graph.literal(2, 1 << value) for value in range(3)]
    apart = graph.disjunction([graph.conjunction([x[0], y[0]]), graph.conjunction([x[0], y[1]]), x[1]])
    overlap = graph.disjunction([graph.conjunction([x[0], y[0]]), graph.conjunction([x[0], z[0]]), x[1]])
    shared = graph.conjunction([apart, graph.disjunction([graph.conjunction([y[0], z[0]]), z[1]])])
    verdict = find_circuit_nodes(graph, [apart, overlap, shared], WATCH)
    assert (verdict[apart], verdict[overlap], verdict[shared]) == (True, False, False)
