"""Queries of one template are ground once; what they then say is what plain Python says of them."""

import itertools
import random

import pytest
from torch import nn

from gedi_nesy.audit import labelled_queries
from gedi_nesy.audit.grounding import queries as ground_queries
from gedi_nesy.audit.grounding import templates
from gedi_nesy.audit.grounding.open_arguments import Clauses
from gedi_nesy.audit.shortcuts import audit
from gedi_nesy.logic import Budget, Program
from gedi_nesy.logic.grounding.image_arguments import constants_of
from gedi_nesy.logic.language.neural import neural_predicates
from gedi_nesy.logic.language.source import Source

NUMBERS = """
nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y).
number([], Value, Value).
number([H | T], Before, Value) :- digit(H, D), Now is 3 * Before + D, number(T, Now, Value).
addition(As, Bs, N) :- number(As, 0, A), number(Bs, 0, B), N is A + B.
"""

FORMULAS = """
nn(net, [X], Y, [0, 1, 2, plus, times]) :: symbol(X, Y).
formula([A | Rest], N) :- number_of(A, X), terms(Rest, X, N).
terms([], N, N).
terms([O, A | Rest], X, N) :- symbol(O, Operator), number_of(A, Y), after(Operator, X, Y, Z), terms(Rest, Z, N).
after(plus, X, Y, Z) :- Z is X + Y.
after(times, X, Y, Z) :- Z is X * Y.
number_of(A, X) :- symbol(A, X), number(X).
"""
"""Of digits and operators from left to right."""

SYMBOLS = ("0", "1", "2", "plus", "times")


def value(symbols) -> int | None:
    """Of a formula from left to right; None where digits and operators are not in turn."""
    digits, operators = symbols[::2], symbols[1::2]
    if not all(each.isdigit() for each in digits) or any(each.isdigit() for each in operators):
        return None
    found = int(digits[0])
    for operator, digit in zip(operators, digits[1:], strict=True):
        found = found + int(digit) if operator == "plus" else found * int(digit)
    return found


def program(text: str) -> Program:
    return Program.from_string(text, {"net": nn.Identity(), "other": nn.Identity()}, "case.pl")


@pytest.fixture
def asked(monkeypatch):
    """What was asked of ProbLog."""
    asked, usual = [], ground_queries.ground_terms

    def counted(program, queries, watch):
        asked.append([str(query) for query in queries])
        return usual(program, queries, watch)

    for module in (ground_queries, templates, labelled_queries):
        monkeypatch.setattr(module, "ground_terms", counted)
    return asked


def maps_of(found) -> set[tuple[str, ...]]:
    """The listed maps, a tuple a map in the order of the variables."""
    order = [(each.network, each.symbol) for each in found.problem.variables]
    return {tuple(each.outputs[network][symbol] for network, symbol in order) for each in found.listed}


@pytest.mark.parametrize("seed", range(4))
def test_numbers_by_brute_force(asked, seed):
    draw = random.Random(seed)
    rows = [[draw.randrange(3) for _ in range(4)] for _ in range(draw.choice((2, 5, 30)))]
    texts = [f"addition([{a}, {b}], [{c}, {d}], {3 * (a + c) + b + d})" for a, b, c, d in rows]
    found = audit(program(NUMBERS), texts, budget=Budget(seconds=600))
    symbols = sorted({each for row in rows for each in row})
    expected = set()
    for outputs in itertools.product(range(3), repeat=len(symbols)):
        read = dict(zip(symbols, outputs, strict=True))
        if all(3 * (read[a] + read[c]) + read[b] + read[d] == 3 * (a + c) + b + d for a, b, c, d in rows):
            expected.add(tuple(map(str, outputs)))
    assert maps_of(found) == expected
    assert found.maps == len(expected)
    # how often each symbol stands in the queries
    shown = [each for row in rows for each in row]
    assert {each.symbol: each.frequency for each in found.problem.variables} == {
        str(each): shown.count(each) for each in symbols
    }
    # an answer that occurs once may be a case of its own; then too nothing is ground twice
    assert len(asked) == 1


@pytest.mark.parametrize("seed", range(3))
def test_formulas_of_several_lengths_by_brute_force(asked, seed):
    draw = random.Random(seed)
    rows = [
        [draw.choice(SYMBOLS[3:] if place % 2 else SYMBOLS[:3]) for place in range(length)]
        for length in (1, 1, *[3] * draw.choice((2, 12)), *[5] * draw.choice((2, 12)))
    ]
    texts = [f"formula([{', '.join(row)}], {value(row)})" for row in rows]
    found = audit(program(FORMULAS), texts, budget=Budget(seconds=600))
    symbols = [each.symbol for each in found.problem.variables]
    expected = {
        outputs
        for outputs in itertools.product(SYMBOLS, repeat=len(symbols))
        if all(
            value([dict(zip(symbols, outputs, strict=True))[each] for each in row]) == value(row)
            for row in rows
        )
    }
    assert set(symbols) == {each for row in rows for each in row}
    assert maps_of(found) == expected
    assert len(asked) == len({len(row) for row in rows})


def test_what_is_too_large_for_a_list_of_worlds_stays_a_circuit(monkeypatch):
    texts = ["addition([0, 1], [2, 2], 9)", "addition([1, 1], [2, 0], 10)", "addition([2, 1], [1, 0], 10)"]
    listed = audit(program(NUMBERS), texts, budget=Budget(seconds=600))
    monkeypatch.setattr("gedi_nesy.audit.grounding.worlds.MOST", 2)
    as_circuits = audit(program(NUMBERS), texts, budget=Budget(seconds=600))
    assert maps_of(as_circuits) == maps_of(listed)


def test_an_answer_that_no_images_have_is_named():
    with pytest.raises(Exception, match=r"addition\(\[0, 1\],\[2, 2\],99\) has no proof"):
        audit(program(NUMBERS), ["addition([0, 1], [2, 2], 9)", "addition([0, 1], [2, 2], 99)"])


DIGIT = "nn(net, [X], Y, [0, 1, 2]) :: digit(X, Y). "


@pytest.mark.parametrize(
    ("text", "opaque", "answers"),
    [
        (NUMBERS + "ask(A, B, N) :- addition([A], [B], N).", True, True),
        (DIGIT + "ask(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.", True, True),
        # tests of what is bound by then
        (DIGIT + "ask(A, B, N) :- digit(A, N), number(N), digit(B, Y), N \\= Y.", True, True),
        (DIGIT + "ask(A, B, N) :- digit(B, Y), Y \\= N, digit(A, N).", True, False),
        (DIGIT + "ask(A, B, N) :- digit(A, X), digit(B, Y), \\+ differ(X, N). differ(X, Y) :- X > Y.", True, False),
        (DIGIT + "ask(A, B, N) :- digit(A, X), digit(B, X), var(N), N = X.", True, False),
        (DIGIT + "ask(A, B, N) :- digit(A, X), digit(B, Y), findall(X, X = N, L), length(L, Y).", True, False),
        # bound in one branch alone
        (DIGIT + "ask(A, B, N) :- (digit(A, N) ; digit(B, X)), N \\= 1.", True, False),
        (DIGIT + "same(X, X). ask(A, B, N) :- same(N, M), digit(A, X), digit(B, Y), M \\= X, N is Y.", True, False),
        # images that are looked into, compared, or known to the program
        (DIGIT + "ask(A, B, N) :- digit(A, N), A \\= B.", False, True),
        (DIGIT + "ask(A, A, N) :- digit(A, N).", False, True),
        (DIGIT + "known(1). ask(A, B, N) :- digit(A, N), known(A), digit(B, _).", False, True),
        (DIGIT + "ask(A, B, N) :- digit(A, N), member(A, [B]).", False, True),
        (DIGIT + "ask(A, B, N) :- digit(A, N), digit(A, B).", False, True),
        (DIGIT + "ask(A, B, N) :- digit(A, X), digit(B, X), N is A + 1.", False, True),
        (DIGIT + "ask(A, B, N) :- digit(A, N), \\+ digit(B, 1).", True, True),
        # what a file that is loaded says is not known
        (DIGIT + ":- consult('other.pl'). ask(A, B, N) :- digit(A, N), digit(B, N).", False, False),
        (DIGIT + ":- use_module(library(lists)). ask(A, B, N) :- digit(A, N), digit(B, N).", True, True),
    ],
)  # fmt: skip
def test_what_may_be_left_open(text, opaque, answers):
    source = Source.from_string(text, "case.pl")
    clauses = Clauses(source.statements, neural_predicates(source))
    assert clauses.images_are_opaque("ask/3", [0, 1]) == opaque
    assert clauses.answers_may_be_open("ask/3", [2]) == answers


def test_what_is_too_large_is_left_out_and_counted(monkeypatch):
    """Templates of few images come first, so that something is known."""
    texts = [
        f"formula([{', '.join(row)}], {value(row)})" for row in itertools.product("012", ["times"], "012")
    ]
    texts += [f"formula([{a}], {a})" for a in range(3)]
    usual = ground_queries.ground_terms

    def never_long(program, queries, watch):
        if any(len(list(constants_of(query))) > 2 for query in queries):
            watch.give_up("more than a test allows")
        return usual(program, queries, watch)

    for module in (ground_queries, templates, labelled_queries):
        monkeypatch.setattr(module, "ground_terms", never_long)
    found = audit(program(FORMULAS), texts, budget=Budget(seconds=600))
    assert found.queries == ("formula([0],0)", "formula([1],1)", "formula([2],2)")
    assert found.left_out == 9
