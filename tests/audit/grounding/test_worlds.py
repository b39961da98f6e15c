"""Worlds that are listed, and constraints made of them, against all worlds one by one."""

import itertools
import random

import numpy as np
import pytest

from gedi_nesy.audit.constraints import CircuitConstraint
from gedi_nesy.audit.grounding.as_constraints import Choice, constraint_of
from gedi_nesy.audit.grounding.worlds import worlds_of
from gedi_nesy.audit.symmetry import interchangeable
from gedi_nesy.audit.tables import RowsConstraint, TableConstraint
from gedi_nesy.logic import Budget
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Variable

SIZES = (2, 3, 3, 2)


def random_graph(draw: random.Random) -> tuple[Graph, list[int], list[Choice]]:
    """Of two choices a slot, whose outputs overlap, and one that no network makes."""
    choices = [Choice(slot, tuple(1 << i for i in range(size))) for slot, size in enumerate(SIZES)] * 2
    choices += [Choice(None, (-1, 0))]
    weights = [tuple(ConstantWeight(0.1) for _ in choice.outputs[:-1]) for choice in choices]
    graph = Graph([Variable(("v",) * len(each), each) for each in weights])
    nodes = [
        graph.literal(draw.randrange(len(choices)), 1 << draw.randrange(2)) for _ in range(8)
    ]  # fmt: skip
    for _ in range(6):
        combine = draw.choice((graph.conjunction, graph.disjunction))
        nodes.append(combine(draw.sample(nodes, 3)))
    return graph, [*nodes[-3:], 0, 1], choices


def worlds_by_hand(constraint: CircuitConstraint) -> set[tuple[int, ...]]:
    """All worlds in which it holds: with every slot fixed, narrowing decides."""
    return {
        world
        for world in itertools.product(*map(range, SIZES))
        if constraint.narrow(tuple(1 << output for output in world)) is not None
    }


@pytest.mark.parametrize("seed", range(30))
def test_listed_worlds(seed):
    graph, roots, choices = random_graph(random.Random(seed))
    with Watch("a test", "worlds", Budget()) as watch:
        listed = worlds_of(graph, roots, choices, SIZES, watch)
    for root in roots:
        found = listed[root]
        rows = {tuple(row) for row in found.rows.tolist()}
        assert len(rows) == len(found.rows)
        free = [slot for slot in range(len(SIZES)) if slot not in found.scope]
        spread = set()
        for row, rest in itertools.product(rows, itertools.product(*(range(SIZES[slot]) for slot in free))):
            world = dict(zip((*found.scope, *free), (*row, *rest), strict=True))
            spread.add(tuple(world[slot] for slot in range(len(SIZES))))
        assert spread == worlds_by_hand(constraint_of(graph, root, choices))


@pytest.mark.parametrize("seed", range(10))
def test_rows_say_what_their_table_says(seed):
    draw = random.Random(seed)
    allowed = np.random.default_rng(seed).random((3, 3, 3)) < 0.3
    table = TableConstraint((0, 1, 2), allowed)
    rows = RowsConstraint((0, 1, 2), np.argwhere(allowed), (3, 3, 3))
    numbers = [draw.randrange(2, 4) for _ in range(3)]
    for one, other in ((table, rows), (table.renamed(numbers), rows.renamed(numbers)), (table, rows.table())):
        assert one.scope == other.scope
        assert {tuple(row) for row in one.rows.tolist()} == {tuple(row) for row in other.rows.tolist()}
        domains = tuple(draw.randrange(1, 8) for _ in range(4))
        assert one.narrow(domains) == other.narrow(domains)
        assert one.settled(domains) == other.settled(domains)
    for group in ([0, 1, 2], [0], [1, 2]):
        assert interchangeable([rows], group, 3) == interchangeable([table], group, 3)


def test_the_same_symbol_twice_has_one_output():
    equal_or_first = np.eye(3, dtype=bool)
    equal_or_first[0] = True
    rows = RowsConstraint((0, 1), np.argwhere(equal_or_first), (3, 3)).renamed([4, 4])
    assert (rows.scope, rows.rows.tolist()) == ((4,), [[0], [1], [2]])


@pytest.mark.parametrize("holds", [True, False])
def test_what_nothing_decides_holds_or_does_not(holds):
    rows = RowsConstraint((), np.zeros((int(holds), 0), dtype=np.int64), ())
    assert (rows.narrow(()) is not None) == (rows.table().narrow(()) is not None) == holds
