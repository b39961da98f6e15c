"""Repairs: minimal by brute force over all additions, in plain Python; and proven by the audit itself."""

import itertools
import random

import pytest
from torch import nn

from gedi_nesy.audit.repair.search import repair
from gedi_nesy.audit.repair.text import as_json, readable_repairs
from gedi_nesy.audit.shortcuts import audit, with_rule
from gedi_nesy.logic import Budget, Program, ProgramError

SYMBOLS = range(4)
TEXT = "nn(net, [X], Y, [0, 1, 2, 3]) :: d(X, Y).\ns(A, B, N) :- d(A, X), d(B, Y), N is X + Y.\n"


def program(text: str) -> Program:
    return Program.from_string(text, {"net": nn.Identity(), "other": nn.Identity()}, "case.pl")


def maps_of(symbols, pairs, one_to_one: bool) -> list[dict]:
    found = []
    for outputs in itertools.product(SYMBOLS, repeat=len(symbols)):
        m = dict(zip(symbols, outputs, strict=True))
        if all(m[a] + m[b] == a + b for a, b in pairs) and (
            not one_to_one or len(set(outputs)) == len(outputs)
        ):
            found.append(m)
    return found


def smallest(maps, additions) -> set[frozenset]:
    """All smallest sets of additions, {text: whether it holds under a map}, under which one map is left."""
    for size in range(len(additions) + 1):
        found = {
            frozenset(chosen)
            for chosen in itertools.combinations(additions, size)
            if sum(all(additions[text](m) for text in chosen) for m in maps) == 1
        }
        if found:
            return found
    return set()


RULES = {
    "even": (lambda x: x % 2 == 0, 1),
    "odd": (lambda x: x % 2 == 1, 1),
    "less": (lambda x, y: x < y, 2),
    "next": (lambda x, y: y == x + 1, 2),
    "same": (lambda x, y: x == y, 2),
    "differ": (lambda x, y: x != y, 2),
}


def rule_additions(name: str, symbols) -> dict:
    holds, arity = RULES[name]
    return {
        f"{name}_d({','.join(map(str, chosen))})": lambda m, c=chosen: holds(*(m[s] for s in c))
        for chosen in itertools.permutations(symbols, arity)
        if holds(*chosen)
    }


@pytest.mark.parametrize("seed", range(8))
def test_minimal_by_brute_force(seed):
    draw = random.Random(seed)
    pairs = [(draw.choice(SYMBOLS), draw.choice(SYMBOLS)) for _ in range(draw.randint(1, 3))]
    symbols = sorted({symbol for pair in pairs for symbol in pair})
    base = program(TEXT)
    found = audit(base, [f"s({a}, {b}, {a + b})" for a, b in pairs])
    repairs = repair(base, found)
    assert repairs.complete
    assert repairs.needed == (found.maps > 1)
    aims = [False, True] if found.maps != found.one_to_one else [False]
    for one_to_one in aims:
        maps = maps_of(symbols, pairs, one_to_one)
        own = {each.kind: each for each in repairs.found if each.one_to_one == one_to_one}
        if len(maps) == 1:
            assert not own
            continue
        queries = {
            f"s({a},{b},{a + b})": lambda m, a=a, b=b: m[a] + m[b] == a + b
            for a, b in itertools.product(symbols, repeat=2)
            if (a, b) not in pairs
        }
        expected = smallest(maps, queries)
        assert ("queries" in own) == bool(expected)
        if expected:
            chosen = {frozenset(own["queries"].queries), *map(frozenset, own["queries"].others)}
            assert chosen <= expected
            assert len(chosen) == min(len(expected), 4)
        by_rule = [each for name in RULES if (each := smallest(maps, rule_additions(name, symbols)))]
        assert ("rule" in own) == bool(by_rule)
        if by_rule:
            assert len(own["rule"].queries) == min(len(next(iter(each))) for each in by_rule)
            assert any(frozenset(own["rule"].queries) in each for each in by_rule)
        assert all(each.proven for each in own.values())


def test_every_repair_leaves_one_map_in_an_audit_of_its_own(programs):
    from gedi_nesy.audit.shortcuts import logic_of

    base = logic_of(programs / "half.pl")
    found = audit(base, programs / "half.queries")
    repairs = repair(base, found)
    assert [each.kind for each in repairs.found] == ["queries", "labels", "rule"]
    for each in repairs.found:
        changed = with_rule(base, each.rule) if each.rule else base
        again = audit(changed, [*found.queries, *each.queries], labelled=each.labels)
        assert (again.maps, again.identity) == (1, True)
        assert each.proven


LABELS_AND_QUERIES = """
nn(net, [X], Y, [a, b, c]) :: d(X, Y).
nn(other, [X], Y, [0, 1, 2]) :: e(X, Y).
alike(A, B) :- d(A, X), d(B, X).
sum(A, B, N) :- e(A, X), e(B, Y), N is X + Y.
"""


def test_labels_where_no_query_tells_and_queries_where_they_do():
    """Letters are only compared, so two of three need a label; 0 and 2 are settled by a sum."""
    base = program(LABELS_AND_QUERIES)
    queries = ["alike(a, a)", "alike(b, b)", "alike(c, c)", "sum(0, 2, 2)", "sum(1, 1, 2)"]
    found = audit(base, queries)
    repairs = repair(base, found)
    own = {each.kind: each for each in repairs.found if each.one_to_one}
    assert set(own) == {"labels", "labels and queries"}
    assert len(own["labels"].labels) == 3
    mixed = own["labels and queries"]
    assert {network for network, _ in mixed.labels} == {"net"}
    assert len(mixed.labels) == 2
    assert len(mixed.queries) == 1
    assert mixed.proven
    text = readable_repairs(repairs)
    assert "Repairs that leave one map with L_PRIOR:" in text
    assert "(proven: the audit with it finds one)" in text
    assert as_json(repairs)["complete"] is True


def test_what_is_not_repaired(programs):
    base = program(TEXT)
    with pytest.raises(ProgramError, match="nothing repairs it"):
        repair(base, audit(base, ["s(1, 2, 4)"]))
    found = audit(base, ["s(0, 1, 1)", "s(3, 3, 6)", "s(1, 1, 2)"])
    assert found.maps == 1
    nothing = repair(base, found)
    assert (nothing.found, nothing.needed) == ((), False)
    assert readable_repairs(nothing) == "There is nothing to repair."
    found = audit(base, ["s(0, 3, 3)"])
    late = repair(base, found, budget=Budget(seconds=0.0))
    assert not late.complete
    assert all(each.proven is None for each in late.found)
    assert "Not all queries of these kinds were looked at" in readable_repairs(late)
