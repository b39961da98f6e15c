"""Compressed circuits against sums over worlds, and diagrams against the distinct subfunctions of a table."""

import re
from itertools import permutations, product

import numpy as np
import pytest
import torch

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Watch
from gedi_nesy.logic.circuits import compress as module
from gedi_nesy.logic.circuits.compile import Compiled
from gedi_nesy.logic.circuits.compress import best_order, compress, edges, reduced
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.layers import layer_graph
from gedi_nesy.logic.circuits.structure import find_circuit_nodes
from gedi_nesy.logic.circuits.truth_table import truth_table, value_classes
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, ConstantWeight, Graph, Variable

BASE = 5


@pytest.fixture
def watch():
    with Watch("test", "query", DEFAULT_BUDGET) as found:
        yield found


def variable(values: int, name: str = "x") -> Variable:
    return Variable(
        tuple(f"{name}({value})" for value in range(values)), (ConstantWeight(1 / values),) * values
    )


def flat(sizes: tuple[int, ...], answer_of) -> tuple[Graph, dict[object, int]]:
    """A branch for each world, and a root for each answer: how a program that is written out is grounded."""
    graph, worlds = Graph([variable(size, name) for size, name in zip(sizes, "abcd", strict=False)]), {}
    for world in product(*map(range, sizes)):
        literals = [graph.literal(place, 1 << value) for place, value in enumerate(world)]
        worlds.setdefault(answer_of(world), []).append(graph.conjunction(literals))
    return graph, {answer: graph.disjunction(branches) for answer, branches in worlds.items()}


def two_digit_sum(world):
    a, b, c, d = world
    return BASE * (a + c) + b + d


def probabilities(compiled: Compiled, sizes: tuple[int, ...], seed: int = 0):
    """Of the roots, and those of the values: random ones, in which nothing is left for the residual value."""
    generator = torch.Generator().manual_seed(seed)
    values = [torch.rand(size, generator=generator, dtype=torch.float64) for size in sizes]
    values = [each / each.sum() for each in values]
    circuit = layer_graph(compiled.graph, compiled.roots)
    leaves = [
        values[place][value] if value < sizes[place] else torch.zeros(()) for place, value in circuit.leaves
    ]
    return Evaluator(circuit)(torch.stack(leaves).double().log().clamp(min=-1e4)[:, None])[0].exp(), values


def test_every_answer_of_a_sum_of_two_digit_numbers_is_right(watch):
    sizes = (BASE,) * 4
    graph, roots = flat(sizes, two_digit_sum)
    given = Compiled(graph, list(roots.values()), "direct")
    found = compress(given, watch)
    assert edges(found.graph, found.roots) * 3 < edges(graph, given.roots)
    assert all(find_circuit_nodes(found.graph, found.roots, watch).values())
    computed, values = probabilities(found, sizes)
    tens, units = (np.convolve(values[place].numpy(), values[place + 2].numpy()) for place in (0, 1))
    expected = np.zeros(BASE * (len(tens) - 1) + len(units))
    for place, value in enumerate(tens):
        expected[BASE * place : BASE * place + len(units)] += value * units
    np.testing.assert_allclose(computed.numpy(), expected[list(roots)], rtol=1e-12)
    assert found.strategy.startswith(f"compressed from {edges(graph, given.roots):,} edges, in the order ")
    assert re.sub(r"\(_\)|, ", "", found.strategy)[-4:] in ("acbd", "bdac")


@pytest.mark.parametrize("seed", range(6))
def test_random_tables_keep_their_probabilities(watch, monkeypatch, seed):
    monkeypatch.setattr(module, "WORTH_COMPRESSING", 0)
    monkeypatch.setattr(module, "GAIN", 0)
    rng = np.random.default_rng(seed)
    sizes = tuple(rng.integers(2, 5, size=4))
    # few distinct answers of some variables alone, so that subfunctions are shared
    table = rng.integers(0, 3, size=(*sizes[:2], 1, sizes[3])) % 2 + np.zeros(sizes, dtype=int)
    graph, roots = flat(sizes, lambda world: int(table[world]))
    compiled = Compiled(graph, [roots.get(1, FALSE), TRUE, roots.get(0, FALSE), FALSE], "direct")
    found = compress(compiled, watch)
    assert found is not compiled
    assert (found.roots[1], found.roots[3]) == (TRUE, FALSE)
    torch.testing.assert_close(probabilities(found, sizes)[0], probabilities(compiled, sizes)[0])


@pytest.mark.parametrize("seed", range(4))
def test_a_level_has_a_node_for_each_distinct_subfunction_that_reads_its_variable(seed):
    rng = np.random.default_rng(seed)
    table = rng.random((2, 3, 2, 4)) < 0.5
    order = (2, 0, 1)
    diagram = reduced(table, order)
    ordered = np.transpose(table, (0, 3, 1, 2))
    for depth, level in enumerate(diagram.levels):
        heads = product(*(range(size) for size in ordered.shape[: 1 + depth]))
        rests = [ordered[head] for head in heads]
        reads = {rest.tobytes() for rest in rests if any((rest[0] != other).any() for other in rest)}
        assert len(level) == len(reads)


def test_the_order_is_the_best_of_all_and_of_many_variables_a_better_one(watch, monkeypatch):
    graph, roots = flat((3,) * 4, lambda world: 3 * (world[0] + world[2]) + world[1] + world[3])
    nodes = list(roots.values())
    table = truth_table(graph, nodes, value_classes(graph, nodes), watch)
    sizes = {order: reduced(table, order).edges for order in permutations(range(4))}
    assert sizes[best_order(table, watch)] == min(sizes.values()) < sizes[0, 1, 2, 3]
    monkeypatch.setattr(module, "CELLS_TRIED", table.size * 20)
    assert sizes[best_order(table, watch)] < sizes[0, 1, 2, 3]


def test_values_that_no_literal_tells_apart_are_one_class():
    graph = Graph([variable(6), variable(2)])
    root = graph.disjunction(
        [graph.literal(0, 0b000011), graph.conjunction([graph.literal(0, 0b100), graph.literal(1, 1)])]
    )
    assert value_classes(graph, [root]) == {0: [0b0000011, 0b0000100, 0b1111000], 1: [0b001, 0b110]}


@pytest.mark.parametrize("sizes", [(10, 10), (4, 4, 4)])
def test_what_is_small_or_has_two_variables_stays_as_it_is(watch, sizes):
    graph, roots = flat(sizes, sum)
    compiled = Compiled(graph, list(roots.values()), "direct")
    assert compress(compiled, watch) is compiled
