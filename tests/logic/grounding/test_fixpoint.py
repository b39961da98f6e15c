"""Least fixpoints of cycles against the immediate-consequence operator in every world."""

import itertools
import random

import pytest

from benchmarks.circuits.families import smokers
from gedi_nesy.logic import Program
from gedi_nesy.logic.grounding import cycles, fixpoint, ground
from gedi_nesy.logic.grounding.arrangement import TooManyStatesError, arrange
from gedi_nesy.logic.grounding.fixpoint import Rule, least_fixpoint, saturate
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Variable
from tests.logic.oracles import truths

FACTS = 6


def facts() -> Graph:
    return Graph([Variable((f"e{i}",), (ConstantWeight(0.5),)) for i in range(FACTS)])


def derived(rules: list[Rule], held: set[int]) -> set[int]:
    """The least model, one round of rules after another."""
    model: set[int] = set()
    while True:
        grown = {rule.head for rule in rules if set(rule.body) <= model and set(rule.conditions) <= held}
        if grown <= model:
            return model
        model |= grown


def truth(graph: Graph, world: tuple[bool, ...]) -> list[bool]:
    """A fact's value is 0 where it holds."""
    return truths(graph, tuple(0 if held else 1 for held in world))


@pytest.mark.parametrize("seed", range(40))
def test_random_rules_in_every_world(seed):
    chance = random.Random(seed)
    graph = facts()
    literals = [graph.literal(i, mask) for i in range(FACTS) for mask in (1, 2)]
    rules = [
        Rule(
            chance.randrange(5),
            tuple(chance.sample(range(5), chance.choice((0, 1, 1, 2)))),
            tuple(chance.sample(literals, chance.choice((0, 1, 1, 2)))),
        )
        for _ in range(chance.randint(3, 14))
    ]
    node = least_fixpoint(graph, rules, 0, lambda states: None)
    for world in itertools.product((False, True), repeat=FACTS):
        held = truth(graph, world)
        model = derived(rules, {literal for literal in literals if held[literal]})
        assert held[node] == (0 in model)


def test_a_theory_is_closed_and_keeps_the_strongest_clauses():
    theory = saturate([], [(1, frozenset({2, 3})), (2, frozenset({4}))])
    assert theory == {(1, frozenset({2, 3})), (2, frozenset({4})), (1, frozenset({3, 4}))}
    assert saturate(theory, [(1, frozenset({3}))]) == {(1, frozenset({3})), (2, frozenset({4}))}
    assert saturate(theory, [(3, frozenset())]) >= {(1, frozenset({4})), (3, frozenset())}


def test_a_path_is_arranged_along_itself():
    places = arrange([{i, i + 1} for i in range(9)], 4)
    assert all(abs(places[i] - places[i + 1]) == 1 for i in range(9))


def widest(near: dict[int, set[int]], order: tuple[int, ...]) -> int:
    """Atoms that are open at once while they are placed one after another, the one that is placed among them."""
    done: set[int] = set()
    most = 0
    for atom in order:
        most = max(most, 1 + sum(not near[other] <= done for other in done))
        done.add(atom)
    return most


@pytest.mark.parametrize("seed", range(4))
def test_no_arrangement_is_narrower(seed):
    chance = random.Random(seed)
    groups = [set(chance.sample(range(7), 2)) for _ in range(10)]
    places = arrange(groups, 0)
    near = {atom: set().union(*(group for group in groups if atom in group)) - {atom} for atom in places}
    found = widest(near, tuple(sorted(places, key=places.__getitem__)))
    assert found == min(widest(near, order) for order in itertools.permutations(near))


def test_what_is_too_dense_has_no_arrangement():
    looked = []
    with pytest.raises(TooManyStatesError):
        arrange([set(range(20))], 0, lambda: looked.append(1))
    assert looked


GRID = """
link(X, Y) :- edge(X, Y). link(X, Y) :- edge(Y, X).
path(X, Y) :- link(X, Y). path(X, Y) :- link(X, Z), path(Z, Y).
"""


def grid(size: int) -> tuple[list[tuple[int, int, float]], str]:
    chance = random.Random(size)
    edges = []
    for row, column in itertools.product(range(size), repeat=2):
        here = row * size + column
        edges += [(here, here + size, chance.random())] if row + 1 < size else []
        edges += [(here, here + 1, chance.random())] if column + 1 < size else []
    text = "\n".join(f"{p}::edge({a}, {b})." for a, b, p in edges)
    return edges, f"{text}\n{GRID}\nquery(path(0, {size * size - 1}))."


def test_a_grid_whose_edges_go_both_ways_against_all_of_its_worlds():
    edges, text = grid(3)
    expected = 0.0
    for world in itertools.product((False, True), repeat=len(edges)):
        weight, reached = 1.0, {0}
        for (_, _, p), there in zip(edges, world, strict=True):
            weight *= p if there else 1 - p
        for _ in range(9):
            for (a, b, _), there in zip(edges, world, strict=True):
                if there and reached & {a, b}:
                    reached |= {a, b}
        expected += weight * (8 in reached)
    assert Program.from_string(text, {}).solve()[0][1] == pytest.approx(expected)


def test_a_grid_grows_as_the_ways_its_frontier_is_connected(monkeypatch):
    """Paths are exponentially many in the area, states in the side alone."""
    monkeypatch.setattr(ground.FrontEnd, "without_cycles", None)
    sizes = []
    for side in (3, 4, 5):
        program = Program.from_string(grid(side)[1], {})
        sizes.append(program.compile(f"path(0, {side * side - 1})", []).template.report.ground_nodes)
    assert sizes[2] < 5000
    assert sizes[2] / sizes[1] == pytest.approx(sizes[1] / sizes[0], rel=0.5)


def test_influence_among_people_with_three_friends_each(monkeypatch):
    monkeypatch.setattr(ground.FrontEnd, "without_cycles", None)
    monkeypatch.setattr(fixpoint, "MOST_STATES", 8000)
    program = Program.from_string(smokers(16, 24), {})
    assert program.own_template().report.ground_nodes < 8000


@pytest.mark.parametrize("limit", ["MOST_STATES", "MOST_OUTPUTS"])
def test_what_is_too_wide_is_left_to_problog(monkeypatch, limit):
    text = grid(3)[1]
    expected = Program.from_string(text, {}).solve()[0][1]
    called = []
    broken = ground.FrontEnd.without_cycles
    monkeypatch.setattr(ground.FrontEnd, "without_cycles", lambda *given: called.append(1) or broken(*given))
    monkeypatch.setattr(fixpoint if limit == "MOST_STATES" else cycles, limit, 0)
    assert Program.from_string(text, {}).solve()[0][1] == pytest.approx(expected)
    assert called == [1]


def test_the_limit_of_states_is_said(monkeypatch):
    graph = facts()
    rules = [Rule(i, ((i + 1) % 6,), (graph.literal(i, 1),)) for i in range(6)]
    rules += [Rule((i + 1) % 6, (i,), (graph.literal(i, 1),)) for i in range(6)] + [Rule(3, (), ())]
    reached = []
    least_fixpoint(graph, rules, 0, reached.append)
    monkeypatch.setattr(fixpoint, "MOST_STATES", 2)
    with pytest.raises(TooManyStatesError):
        least_fixpoint(graph, rules, 0, reached.append)
