"""The ground graph's simplifications against truth tables over all worlds."""

import itertools
import random

import pytest

from gedi_nesy.logic.grounding.graph import And, Constant, ConstantWeight, Graph, Literal, Not, Or, Variable


def holds(graph: Graph, index: int, world: tuple[int, ...]) -> bool:
    """A node in a world that gives every variable its value."""
    match graph.nodes[index]:
        case Constant(value):
            return value
        case Literal(variable, mask):
            return bool(mask >> world[variable] & 1)
        case And(children):
            return all(holds(graph, child, world) for child in children)
        case Or(children):
            return any(holds(graph, child, world) for child in children)
        case Not(child):
            return not holds(graph, child, world)


@pytest.mark.parametrize("seed", range(20))
def test_simplifications_keep_the_meaning(seed):
    rng = random.Random(seed)
    graph = Graph([Variable(("a", "b"), (ConstantWeight(0.3),) * 2) for _ in range(3)])
    worlds = list(itertools.product(range(3), repeat=3))
    tables = {0: tuple(False for _ in worlds), 1: tuple(True for _ in worlds)}
    for _ in range(60):
        kind = rng.choice(["literal", "negation", "conjunction", "disjunction"])
        known = rng.choices(list(tables), k=rng.randint(1, 4))
        if kind == "literal":
            variable, mask = rng.randrange(3), rng.randrange(8)
            index = graph.literal(variable, mask)
            table = tuple(bool(mask >> world[variable] & 1) for world in worlds)
        elif kind == "negation":
            index = graph.negation(known[0])
            table = tuple(not value for value in tables[known[0]])
        else:
            index = graph.conjunction(known) if kind == "conjunction" else graph.disjunction(known)
            over = all if kind == "conjunction" else any
            table = tuple(over(values) for values in zip(*(tables[child] for child in known), strict=True))
        tables[index] = table
        assert tuple(holds(graph, index, world) for world in worlds) == table
    for index, node in enumerate(graph.nodes):
        assert all(child < index for child in node.children)
    assert len(set(graph.nodes)) == len(graph.nodes)


def test_nodes_of_different_kinds_with_equal_fields_are_different():
    graph = Graph([Variable(("a",), (ConstantWeight(0.3),)) for _ in range(2)])
    a, b = graph.literal(0, 1), graph.literal(1, 1)
    both, either = graph.conjunction([a, b]), graph.disjunction([a, b])
    assert (graph.nodes[both], graph.nodes[either]) == (And((a, b)), Or((a, b)))
    assert graph.conjunction([b, a]) == both
    assert graph.negation(graph.negation(both)) == both
