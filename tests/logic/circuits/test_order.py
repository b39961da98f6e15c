"""Orders of variables: spans against their definition, FORCE against all orders of tiny hypergraphs."""

import itertools
import random

import numpy as np
import pytest

from gedi_nesy.logic.circuits.diagrams.order import (
    as_hypergraph,
    best_positions,
    depth_first,
    orders,
    total_span,
)
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Variable


def span_by_definition(members, positions):
    return sum(max(positions[v] for v in edge) - min(positions[v] for v in edge) for edge in members)


def random_members(seed, count):
    rng = random.Random(seed)
    return [rng.sample(range(count), rng.randint(1, 4)) for _ in range(rng.randint(1, 8))]


@pytest.mark.parametrize("seed", range(20))
def test_the_total_span_is_what_its_definition_says(seed):
    members = random_members(seed, 9)
    positions = np.random.default_rng(seed).permutation(9)
    assert total_span(as_hypergraph(members), positions) == span_by_definition(members, positions)


@pytest.mark.parametrize("seed", range(20))
def test_force_gives_an_order_between_the_first_and_the_best_of_all(seed):
    members = random_members(seed, 6)
    positions = best_positions(as_hypergraph(members), 6)
    assert sorted(positions) == list(range(6))
    span = span_by_definition(members, positions)
    assert span <= span_by_definition(members, range(6))
    assert span >= min(span_by_definition(members, order) for order in itertools.permutations(range(6)))


def test_force_straightens_a_path_that_goes_from_one_end_to_the_other():
    count = 40
    zigzag = [i // 2 if i % 2 == 0 else count - 1 - i // 2 for i in range(count)]
    members = [zigzag[i : i + 2] for i in range(count - 1)]
    hypergraph = as_hypergraph(members)
    before = total_span(hypergraph, np.arange(count))
    assert span_by_definition(members, best_positions(hypergraph, count)) < before / 4


def chain(length):
    """x[i] holds if x[i - 1] and stay[i], or not x[i - 1] and jump[i]; stay stands before jump throughout."""
    weight = (ConstantWeight(0.3),)
    graph = Graph([Variable((str(i),), weight) for i in range(2 * length)])
    node = graph.literal(0, 1)
    for i in range(1, length):
        stay, jump = graph.literal(i, 1), graph.literal(length + i, 1)
        node = graph.disjunction(
            [graph.conjunction([node, stay]), graph.conjunction([graph.negation(node), jump])]
        )
    return graph, node


def test_variables_of_one_link_of_a_chain_stand_together():
    length = 12
    graph, root = chain(length)
    found = {order.name: order for order in orders(graph, [root])}
    places = {variable: place for place, variable in enumerate(found["FORCE"].variables)}
    assert max(abs(places[i] - places[length + i]) for i in range(1, length)) <= 4
    assert sorted(places) == [i for i in range(2 * length) if i != length]
    assert found["FORCE"].span <= found["depth-first"].span


def test_a_depth_first_walk_goes_down_before_it_goes_on():
    graph = Graph([Variable((name,), (ConstantWeight(0.5),)) for name in "abc"])
    a, b, c = (graph.literal(v, 1) for v in range(3))
    inner = graph.conjunction([a, b])
    root = graph.disjunction([c, inner])
    assert depth_first(graph, [root]) == [root, c, inner, a, b]
