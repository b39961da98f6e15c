"""The audit of concept maps: known counts, and brute force over all maps with stock ProbLog as judge."""

import itertools
import random

import pytest
from problog import get_evaluatable
from problog.logic import Constant, Term
from problog.program import PrologString

from gedi_nesy.audit import shortcuts
from gedi_nesy.audit.examination import Examination
from gedi_nesy.audit.text import landed, readable, verdict
from gedi_nesy.logic import Budget, ProgramError
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.logic.grounding.image_arguments import count_images

AMPLE = Budget(seconds=600.0)
"""What is ground within a second of computing may take a minute on a busy machine."""


def audit(program, queries=None, *, budget=AMPLE, **options):
    return shortcuts.audit(program, queries, budget=budget, **options)


SWAPPED = {"0": 5, "2": 7, "4": 9, "6": 1, "8": 3, "1": 6, "3": 8, "5": 0, "7": 2, "9": 4}


@pytest.mark.parametrize(
    ("name", "maps", "one_to_one"),
    [("addition", 2, 1), ("sum", 1, 1), ("half", 3, 1), ("even_odd", 36, 2), ("xor", 2, 2)],
)
def test_the_known_counts(programs, name, maps, one_to_one):
    found = audit(programs / f"{name}.pl")
    assert (found.maps, found.one_to_one, found.identity) == (maps, one_to_one, True)
    assert len(found.listed) == maps
    assert found.listed[0].identity
    assert sum(each.one_to_one for each in found.listed) == one_to_one


def test_the_second_map_of_even_odd(programs):
    second = audit(programs / "even_odd.pl").listed[1]
    assert second.outputs == {
        "digit_net": {symbol: str(SWAPPED[symbol]) for symbol in second.outputs["digit_net"]}
    }
    assert second.one_to_one
    assert second.keeps_frequencies


def test_the_queries_beside_half_and_even_odd_are_their_examples(programs):
    for name in ("half", "even_odd"):
        examples = [
            line for line in (programs / f"{name}.pl").read_text().splitlines() if line.startswith("example")
        ]
        assert (programs / f"{name}.queries").read_text() == "\n".join(examples).replace(
            "example", "sum"
        ) + "\n"


DIGITS = "nn({net}, [X], Y, [0, 1, 2, 3]) :: {name}(X, Y).\n"

CASES = {
    "a sum": ("sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.", ["sum(0, 1, 1)", "sum(2, 1, 3)"]),
    "three images": (
        "total(A, B, C) :- digit(A, X), digit(B, Y), digit(C, Z), Z is X + Y.",
        ["total(0, 0, 0)", "total(1, 1, 2)", "total(1, 2, 3)"],
    ),
    "negation of a compound": (
        "same(A, B) :- digit(A, X), digit(B, X). differ(A, B) :- \\+ same(A, B), \\+ digit(A, 0).",
        ["differ(1, 2)", "differ(2, 3)", "differ(3, 1)"],
    ),
    "an uncertain fact": (
        "0.2 :: slip. 0.5 :: by(1); 0.5 :: by(2). sum(A, B, N) :- digit(A, X), digit(B, Y), M is X + Y, off(M, N)."
        " off(M, M) :- \\+ slip. off(M, N) :- slip, by(D), N is M + D.",
        ["sum(0, 1, 1)", "sum(0, 2, 3)", "sum(3, 3, 6)"],
    ),
    "only some values named": (
        "low(A) :- digit(A, 0). low(A) :- digit(A, 1). high(A) :- \\+ low(A).",
        ["high(3)", "low(1)"],
    ),
    "recursion": (
        "less(A, B) :- digit(A, X), digit(B, Y), X < Y. chain([_]). chain([A, B | R]) :- less(A, B), chain([B | R]).",
        ["chain([0, 1, 2])", "chain([1, 3])"],
    ),
    "two networks": (
        "match(A, B) :- digit(A, X), letter(B, X). high(B) :- letter(B, X), X > 1.",
        ["match(0, 0)", "match(1, 1)", "high(2)"],
    ),
    "two predicates of one network": (
        "nn(net, [X], Y, [0, 1, 2, 3]) :: figure(X, Y). both(A, N) :- digit(A, X), figure(A, Y), N is X + Y.",
        ["both(1, 2)", "both(3, 6)"],
    ),
    "evidence": (
        "0.5 :: shift. evidence(shift). sum(A, B, N) :- digit(A, X), digit(B, Y), step(S), N is X + Y + S."
        " step(1) :- shift. step(0) :- \\+ shift.",
        ["sum(0, 1, 2)", "sum(1, 2, 4)"],
    ),
    "an image that is looked into": (
        "low(1). shown(A, N) :- \\+ low(A), digit(A, N). shown(A, N) :- low(A), digit(A, M), N is M + 1.",
        ["shown(1, 2)", "shown(2, 2)", "shown(3, 3)"],
    ),
    "images that are compared": (
        "pair(A, B, N) :- A \\= B, digit(A, X), digit(B, Y), N is X + Y. pair(A, A, N) :- digit(A, N).",
        ["pair(1, 2, 3)", "pair(2, 2, 2)", "pair(1, 3, 3)"],
    ),
    "chance by image": (
        "0.5 :: flip(A) :- digit(A, _). differ(A, B) :- flip(A), \\+ flip(B), digit(A, X), digit(B, Y), X < Y.",
        ["differ(0, 1)", "differ(1, 2)", "differ(0, 3)"],
    ),
    "an answer that is tested": (
        "other(A, N) :- digit(A, X), X \\= N. tell(A, N) :- digit(A, X), \\+ more(X, N). more(X, N) :- X > N.",
        ["other(1, 2)", "other(2, 3)", "other(3, 3)", "tell(1, 1)", "tell(2, 1)", "tell(3, 2)"],
    ),
    "the identity breaks a query": (
        "sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.",
        ["sum(1, 2, 4)"],
    ),
}


def by_problog(rules: str, queries: list[str], network: dict[tuple[str, str], int]) -> bool:
    """Whether every query is possible when each neural predicate is the fact that the map makes of it."""
    facts = [f"{name}({symbol}, {output})." for (name, symbol), output in network.items()]
    for query in queries:
        text = "\n".join([*facts, rules, f"query({query})."])
        if not all(p > 0 for p in get_evaluatable().create_from(PrologString(text)).evaluate().values()):
            return False
    return True


@pytest.mark.parametrize("case", CASES)
def test_brute_force_with_stock_problog(case):
    rules, queries = CASES[case]
    networks = {"net": ["digit"], "other": ["letter"]} if "letter" in rules else {"net": ["digit"]}
    neural = "".join(DIGITS.format(net=net, name=name) for net, names in networks.items() for name in names)
    found = audit(program(neural + rules), queries)
    plain = rules
    if "figure" in rules:
        plain = rules.split("figure(X, Y).", 1)[1]
        networks["net"].append("figure")
    symbols = [(v.network, v.symbol) for v in found.problem.variables]
    expected = []
    for outputs in itertools.product(range(4), repeat=len(symbols)):
        facts = {
            (name, symbol): output
            for (net, symbol), output in zip(symbols, outputs, strict=True)
            for name in networks[net]
        }
        if by_problog(plain, queries, facts):
            expected.append(outputs)
    listed = [tuple(int(m.outputs[net][symbol]) for net, symbol in symbols) for m in found.listed]
    assert sorted(listed) == expected
    assert found.maps == len(expected)
    assert found.identity == any(
        all(s == str(o) for (_, s), o in zip(symbols, m, strict=True)) for m in expected
    )
    assert found.one_to_one == sum(is_one_to_one(symbols, outputs) for outputs in expected)


def program(text: str):
    from torch import nn

    from gedi_nesy.logic import Program

    return Program.from_string(text, {"net": nn.Identity(), "other": nn.Identity()}, "case.pl")


def is_one_to_one(symbols, outputs) -> bool:
    pairs = {(net, output) for (net, _), output in zip(symbols, outputs, strict=True)}
    return len(pairs) == len(symbols)


@pytest.mark.parametrize("seed", range(6))
def test_random_sums_by_brute_force(seed):
    """Counts, readings and label sets of random sums over five symbols, in plain Python."""
    draw = random.Random(seed)
    pairs = [(draw.randrange(5), draw.randrange(5)) for _ in range(draw.randint(1, 5))]
    text = "nn(net, [X], Y, [0, 1, 2, 3, 4]) :: d(X, Y). s(A, B, N) :- d(A, X), d(B, Y), N is X + Y."
    found = audit(program(text), [f"s({a}, {b}, {a + b})" for a, b in pairs])
    symbols = sorted({symbol for pair in pairs for symbol in pair})
    maps = [
        dict(zip(symbols, outputs, strict=True))
        for outputs in itertools.product(range(5), repeat=len(symbols))
    ]
    maps = [m for m in maps if all(m[a] + m[b] == a + b for a, b in pairs)]
    assert found.maps == len(maps)
    assert found.readings["net"] == {
        str(s): {str(o): n for o in range(5) if (n := sum(m[s] == o for m in maps))} for s in symbols
    }
    assert {tuple(int(s) for _, s in labels) for labels in found.labels} == smallest(symbols, maps)
    injective = [m for m in maps if len(set(m.values())) == len(m)]
    assert found.one_to_one == len(injective)
    assert {tuple(int(s) for _, s in labels) for labels in found.labels_one_to_one} == smallest(
        symbols, injective
    )
    assert [m.keeps_frequencies for m in found.listed].count(True) == sum(keeps(pairs, m) for m in maps)


def smallest(symbols, maps) -> set[tuple[int, ...]]:
    for size in range(len(symbols) + 1):
        chosen = set(itertools.combinations(symbols, size))
        alone = {labels for labels in chosen if sum(all(m[s] == s for s in labels) for m in maps) == 1}
        if alone:
            return alone
    raise AssertionError


def keeps(pairs, m) -> bool:
    shown = [symbol for pair in pairs for symbol in pair]
    return sorted(shown) == sorted(m[symbol] for symbol in shown)


def test_constants_that_look_like_symbols_are_not_images(programs):
    """Of `sum(0, 2, 2)` two arguments are images, and only those count as frequencies."""
    found = audit(programs / "sum.pl", ["sum(0, 2, 2)", "sum(0, 2, 2)", "sum(1, 1, 2)"])
    assert {v.symbol: v.frequency for v in found.problem.variables} == {"0": 2, "1": 2, "2": 2}


def test_many_maps_are_counted_but_not_listed(programs):
    """0 + s = s for one s leaves a pair of symbols with s + 1 readings each; all others are free of each other."""
    queries = [f"sum({a}, {9 - a}, 9)" for a in range(5)]
    found = audit(programs / "sum.pl", queries)
    assert found.maps == 10**5
    assert found.listed is None
    assert found.readings["digit_net"]["3"] == {str(output): 10**4 for output in range(10)}
    assert found.one_to_one == 10 * 8 * 6 * 4 * 2
    assert len(found.labels[0]) == 5
    assert "100,000 maps" in readable(found)


def test_what_a_network_learned_is_named(programs):
    found = audit(programs / "half.pl")
    outputs = [dict(zip("01234", reading, strict=True)) for reading in ("01234", "01323", "01322")]
    assert "the identity" in landed(found, {"digit_net": outputs[0]})
    assert "map 2 of 3: 2->3, 3->2, 4->3" in landed(found, {"digit_net": outputs[1]})
    assert found.broken({"digit_net": outputs[2]}) == ["sum(2,4,6)"]
    assert "breaks 1 of 4 queries" in landed(found, {"digit_net": outputs[2]})


def test_known_networks_have_one_reading():
    text = "".join(DIGITS.format(net=net, name=name) for net, name in (("net", "digit"), ("other", "letter")))
    text += "match(A, B) :- digit(A, X), letter(B, X)."
    queries = ["match(0, 0)", "match(1, 1)"]
    assert audit(program(text), queries).maps == 16
    assert audit(program(text), queries, known=["other"]).maps == 1
    with pytest.raises(ProgramError, match="has no network 'othr'; did you mean 'other'"):
        audit(program(text), queries, known=["othr"])


def test_an_identity_that_breaks_a_query_is_explained(programs):
    text = readable(audit(programs / "sum.pl", ["sum(1, 2, 4)", "sum(1, 1, 2)"]))
    assert "1 of 2 queries do not hold, such as sum(1,2,4)" in text
    text = readable(audit(programs / "half.pl", ["sum(7, 1, 4)"]))
    assert "7 is no output of digit_net" in text
    assert verdict(audit(programs / "sum.pl", ["sum(1, 1, 2)", "sum(1, 1, 4)"])).startswith("No map")


def test_too_large_to_ground_is_said(programs):
    with pytest.raises(TooLargeError, match="takes more than 1 seconds"):
        audit(programs / "numbers.pl", ["addition([1,2,3,4],[5,6,7,8],6912)"], budget=Budget(seconds=1.0))


def test_what_is_proven_when_time_is_up(monkeypatch):
    """Here 12 symbols of one network only differ from each other; the time is up when counting begins."""
    monkeypatch.setattr(
        "gedi_nesy.audit.shortcuts.Examination",
        lambda problem, known, deadline, labelled: Examination(problem, known, 0.0, labelled),
    )
    text = f"nn(net, [X], Y, {list(range(12))}) :: d(X, Y). same(A, B) :- d(A, X), d(B, X). no(A, B) :- \\+ same(A, B)."
    pairs = [f"no({a}, {b})" for a in range(12) for b in range(a) if (a * b + a) % 3]
    found = audit(program(text), pairs)
    assert (found.maps, found.one_to_one) == (None, None)
    assert found.maps_bounds == found.one_to_one_bounds == (1, 12**12)
    text = readable(found)
    assert "between 1 and 8,916,100,448,256 maps satisfy all queries" in text
    assert "which is what could be proven within the budget" in text


def test_queries_that_are_not_ground_in_time_are_left_out(programs, monkeypatch):
    """Only the first ten have all the time; what they admit is an upper bound, whatever the others say."""
    monkeypatch.setattr("gedi_nesy.audit.labelled_queries.SHARE", 0.0)
    queries = [f"sum({a}, {b}, {a + b})" for a, b in ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))]
    queries += [f"sum({b}, {a}, {a + b})" for a, b in ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))]
    alone = audit(programs / "sum.pl", queries)
    assert (alone.left_out, alone.maps) == (0, 2 * 6 * 10 * 6 * 2)
    found = audit(programs / "sum.pl", [*queries, "sum(0, 0, 0)", "sum(9, 9, 18)"])
    assert found.left_out == 2
    assert len(found.queries) == 10
    assert found.maps is None
    assert found.maps_bounds == (0, 2 * 6 * 10 * 6 * 2)
    assert found.one_to_one_bounds == (0, alone.one_to_one)
    text = readable(found)
    assert "10 queries, 10 symbols" in text
    assert "2 queries more could not be ground within the budget" in text
    assert "at most 1,440 maps satisfy all queries" in text


def test_running_out_of_time_while_looking_for_images_is_no_answer():
    def slots_of(query):
        raise TooLargeError("too slow")

    with pytest.raises(TooLargeError):
        count_images({Term("sum", Constant(2)): 1}, slots_of)


def test_queries_that_no_network_reads(programs):
    with pytest.raises(ProgramError, match="no network reads anything in the audit of 1 queries"):
        audit(programs / "alarm.pl", ["calls(john)"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sum(2, 3, N)", "has the variable N; write each image's true symbol"),
        ("sum(2, 3, 50)", "has no proof: no map can satisfy it"),
        ("summ(2, 3, 5)", "nothing defines summ/3"),
        ("0.5 :: sum(2, 3, 5)", "expected a query such as"),
        ("a :- b", "expected a query such as"),
        ("sum(2, 3", "syntax error"),
    ],
)
def test_bad_queries(programs, query, message):
    with pytest.raises(ProgramError, match=message.replace("(", r"\(")):
        audit(programs / "sum.pl", [query])
