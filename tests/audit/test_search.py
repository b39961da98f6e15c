"""Counting concept maps, and bounding their number: random tables and brute force over all assignments."""

import itertools
import math
import random

import numpy as np
import pytest

from gedi_nesy.audit.constraints import AllDifferent, CircuitConstraint
from gedi_nesy.audit.hitting_sets import smallest_hitting_sets
from gedi_nesy.audit.search import Bounds, MapSearch
from gedi_nesy.audit.shortcuts import audit
from gedi_nesy.audit.simplify import simplified
from gedi_nesy.audit.symmetry import interchangeable
from gedi_nesy.audit.tables import TableConstraint
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.grounding.graph import And, Literal, Or
from tests.audit.test_shortcuts import program

OUTPUTS = 3


def random_constraints(draw: random.Random, variables: int, symmetric: bool) -> list:
    """Tables over two or three variables; symmetric ones cannot tell outputs apart."""
    found = []
    for _ in range(draw.randint(1, 4)):
        scope = tuple(draw.sample(range(variables), draw.randint(2, 3)))
        allowed = np.zeros((OUTPUTS,) * len(scope), dtype=bool)
        patterns: dict[tuple, bool] = {}
        for outputs in itertools.product(range(OUTPUTS), repeat=len(scope)):
            pattern = tuple(outputs.index(o) for o in outputs) if symmetric else outputs
            allowed[outputs] = patterns.setdefault(pattern, draw.random() < 0.6)
        found.append(TableConstraint(scope, allowed))
    return found


def by_brute_force(constraints, variables: int, different=()) -> set[tuple[int, ...]]:
    return {
        outputs
        for outputs in itertools.product(range(OUTPUTS), repeat=variables)
        if all(each.allowed[tuple(outputs[v] for v in each.scope)] for each in constraints)
        and all(len({outputs[v] for v in group}) == len(group) for group in different)
    }


@pytest.mark.parametrize("seed", range(40))
def test_random_tables(seed):
    draw = random.Random(seed)
    variables = draw.randint(3, 5)
    constraints = random_constraints(draw, variables, symmetric=seed % 2 == 0)
    groups = [(tuple(range(variables)), OUTPUTS)]
    everything = ((1 << OUTPUTS) - 1,) * variables
    expected = by_brute_force(constraints, variables)
    fewer = simplified(constraints, [OUTPUTS] * variables, math.inf)
    for each in (constraints, fewer):
        search = MapSearch(each, variables, math.inf, groups)
        assert search.count(everything) == len(expected)
        assert set(search.solutions(everything)) == expected
    split = draw.randint(2, 3)
    groups = [(tuple(range(split)), OUTPUTS), (tuple(range(split, variables)), OUTPUTS)]
    different = [AllDifferent(group) for group, _ in groups]
    search = MapSearch([*fewer, *different], variables, math.inf, groups)
    expected = by_brute_force(constraints, variables, [group for group, _ in groups])
    assert search.count(everything) == len(expected)
    assert set(search.solutions(everything)) == expected


class Clock:
    """Says that it is one later each time it is asked."""

    def __init__(self):
        self.now = 0

    def monotonic(self):
        self.now += 1
        return self.now


@pytest.mark.parametrize("seed", range(10))
def test_bounds_hold_whenever_time_is_up(seed, monkeypatch):
    draw = random.Random(seed)
    constraints = random_constraints(draw, 5, symmetric=False)
    everything = ((1 << OUTPUTS) - 1,) * 5
    number = len(by_brute_force(constraints, 5))
    clock = Clock()
    MapSearch(constraints, 5, math.inf)
    monkeypatch.setattr("gedi_nesy.audit.search.time", clock)
    exact = 0
    for limit in range(60):
        clock.now = 0
        found = MapSearch(constraints, 5, limit, [(tuple(range(5)), OUTPUTS)]).bounds(everything)
        assert found.low <= number <= found.high <= OUTPUTS**5
        exact += found.exact
    assert exact < 60
    assert found.exact


def test_the_closed_forms_of_large_domains():
    """Maps that keep the order of ten digits: C(19, 10); permutations: 10!, with 2^10 sets of outputs left, or 10."""
    rules = "leq(A, B) :- d(A, X), d(B, Y), X =< Y. ne(A, B) :- d(A, X), d(B, Y), X =\\= Y."
    text = f"nn(net, [X], Y, {list(range(10))}) :: d(X, Y). {rules}"
    found = audit(program(text), [f"leq({a}, {a + 1})" for a in range(9)])
    assert (found.maps, found.one_to_one) == (math.comb(19, 10), 1)
    found = audit(program(text), [f"ne({a}, {b})" for a in range(10) for b in range(a)])
    assert (found.maps, found.one_to_one) == (math.factorial(10), math.factorial(10))


def test_permutations_are_counted_by_how_many_outputs_are_left():
    everything = ((1 << 12) - 1,) * 12
    search = MapSearch([AllDifferent(tuple(range(12)))], 12, math.inf, [(tuple(range(12)), 12)])
    assert search.count(everything) == math.factorial(12)
    assert len(search._counted) == 11


def test_outputs_that_a_table_tells_apart_are_not_exchanged():
    less = TableConstraint((0, 1), np.less.outer(np.arange(3), np.arange(3)))
    differ = TableConstraint((0, 1), ~np.eye(3, dtype=bool))
    first = TableConstraint((0,), np.array([True, False, False]))
    assert interchangeable([less], (0, 1), 3) == [[0], [1], [2]]
    assert interchangeable([differ, AllDifferent((0, 1))], (0, 1), 3) == [[0, 1, 2]]
    assert interchangeable([differ, first], (0, 1), 3) == [[0], [1, 2]]
    assert interchangeable([first], (1,), 3) == [[0, 1, 2]]
    assert interchangeable([CircuitConstraint((0,), (Literal(0, 1),))], (0, 1), 3) == [[0], [1], [2]]


def test_a_circuit_comes_apart_into_tables():
    nodes = (Literal(0, 3), Literal(1, 4), Or((0, 1)), Literal(2, 1), And((2, 3)))
    whole = CircuitConstraint((0, 1, 2), nodes)
    parts = simplified([whole], [3, 3, 3], math.inf)
    assert [part.scope for part in parts] == [(0, 1), (2,)]
    assert simplified([CircuitConstraint((), (And(()),))], [], math.inf) == ()
    (never,) = simplified([CircuitConstraint((), (Or(()),))], [], math.inf)
    assert never.narrow(()) is None
    assert MapSearch([never], 1, math.inf).bounds((7,)) == Bounds(0, 0)
    with pytest.raises(TooLargeError):
        simplified([whole], [3, 3, 3], 0.0)


@pytest.mark.parametrize("seed", range(20))
def test_smallest_hitting_sets_by_brute_force(seed):
    draw = random.Random(seed)
    family = [frozenset(draw.sample(range(6), draw.randint(1, 3))) for _ in range(draw.randint(0, 6))]

    def missed(choice):
        return next((each for each in family if choice.isdisjoint(each)), None)

    expected: list = []
    for size in range(7):
        chosen = map(frozenset, itertools.combinations(range(6), size))
        expected = [each for each in chosen if missed(each) is None]
        if expected:
            break
    assert smallest_hitting_sets(missed, 1000, math.inf) == sorted(expected, key=sorted)
    assert len(smallest_hitting_sets(missed, 1, math.inf)) == 1


def test_what_cannot_be_met():
    assert smallest_hitting_sets(lambda choice: frozenset(), 10, math.inf) == []
    with pytest.raises(TooLargeError):
        smallest_hitting_sets(lambda choice: frozenset({1}) - choice or None, 10, 0.0)


@pytest.mark.parametrize("facts", list(itertools.product((False, True), repeat=2)))
def test_constraints_on_no_variable_are_one(facts):
    """A query that no image decides: it holds or does not, whatever the map."""
    constraints = [TableConstraint((), np.array(fact)).renamed(()) for fact in facts]
    kept = simplified(constraints, (), math.inf)
    assert [bool(each.allowed) for each in kept if isinstance(each, TableConstraint)] == [False] * (
        not all(facts)
    )
