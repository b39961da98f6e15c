"""Programs that grow: a text for each family and size, whose structure a compiler has to find."""

import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path

PROGRAMS = Path(__file__).parents[2] / "programs"

Family = Callable[[int], str]


def chain(length: int) -> str:
    """A Markov chain of two states."""
    steps = range(1, length + 1)
    lines = [f"0.7::on({i}) :- on({i - 1}).\n0.2::on({i}) :- \\+ on({i - 1})." for i in steps]
    return "\n".join(["0.5::on(0).", *lines, f"query(on({length}))."])


def hidden_markov(length: int) -> str:
    """A hidden Markov model of three states, every symbol observed."""
    chance = random.Random(length)
    lines = ["1/3::state(0, a); 1/3::state(0, b); 1/3::state(0, c)."]
    for i, (here, there, last) in itertools.product(range(1, length + 1), ("abc", "bca", "cab")):
        heads = f"0.6::state({i}, {here}); 0.3::state({i}, {there}); 0.1::state({i}, {last})"
        lines.append(f"{heads} :- state({i - 1}, {here}).")
    for i in range(length + 1):
        lines += [f"{p}::emit({i}) :- state({i}, {s})." for s, p in zip("abc", (0.9, 0.5, 0.2), strict=True)]
        lines.append(f"evidence(emit({i}), {chance.choice(('true', 'false'))}).")
    return "\n".join([*lines, f"query(state({length}, a))."])


def network(nodes: int, reach: int = 2) -> str:
    """A Bayesian network in which each node has two parents among the `reach` before it."""
    chance = random.Random(nodes)
    lines = ["0.5::x(0).", "0.5::x(1)."]
    for node in range(2, nodes):
        parents = chance.sample(range(max(0, node - reach), node), 2)
        for signs in itertools.product(("", "\\+ "), repeat=2):
            body = ", ".join(f"{sign}x({parent})" for sign, parent in zip(signs, parents, strict=True))
            lines.append(f"{chance.uniform(0.1, 0.9):.3f}::x({node}) :- {body}.")
    return "\n".join([*lines, f"query(x({nodes - 1}))."])


def tree(depth: int) -> str:
    """A binary tree, each node depending on both of its children."""
    chance, lines = random.Random(depth), []
    nodes = 2 ** (depth + 1) - 1
    for node in range(nodes - 1, -1, -1):
        below = (2 * node + 1, 2 * node + 2)
        for signs in itertools.product(("", "\\+ "), repeat=2 if below[0] < nodes else 0):
            body = ", ".join(f"{sign}x({child})" for sign, child in zip(signs, below, strict=False))
            lines.append(f"{chance.uniform(0.1, 0.9):.3f}::x({node}){f' :- {body}' if body else ''}.")
    return "\n".join([*lines, "query(x(0))."])


def grid(side: int) -> str:
    """Reachability from corner to corner of a grid whose edges go both ways."""
    chance, lines = random.Random(side), []
    for row, column in itertools.product(range(side), repeat=2):
        here = row * side + column
        ends = [here + side] * (row + 1 < side) + [here + 1] * (column + 1 < side)
        lines += [f"{chance.uniform(0.1, 0.9):.3f}::edge({here}, {end})." for end in ends]
    rules = [
        "link(X, Y) :- edge(X, Y).",
        "link(X, Y) :- edge(Y, X).",
        "path(X, Y) :- link(X, Y).",
        "path(X, Y) :- link(X, Z), path(Z, Y).",
    ]
    return "\n".join([*lines, *rules, f"query(path(0, {side * side - 1}))."])


def smokers(people: int, friendships: int | None = None) -> str:
    """Influence among people with two friends each on average, one of them known to smoke."""
    chance = random.Random(1)
    pairs: set[tuple[int, ...]] = set()
    while len(pairs) < (friendships or people):
        pairs.add(tuple(sorted(chance.sample(range(people), 2))))
    lines = [f"person({i})." for i in range(people)]
    lines += [f"friend({a}, {b}). friend({b}, {a})." for a, b in sorted(pairs)]
    rules = [
        "0.3::stress(X) :- person(X).",
        "0.2::influences(X, Y) :- person(X), person(Y).",
        "smokes(X) :- stress(X).",
        "smokes(X) :- friend(X, Y), influences(Y, X), smokes(Y).",
        "0.4::asthma(X) :- smokes(X).",
    ]
    return "\n".join([*lines, *rules, "query(asthma(0)).", "evidence(smokes(1))."])


def formula(symbols: int) -> str:
    """A formula of digits and operators, each symbol uncertain, all its values asked for: programs/formula.pl."""
    values = [*map(str, range(10)), "plus", "minus", "times"]
    lines = [_disjunction(symbols, f"symbol(s{i}, {{}})", values) for i in range(symbols)]
    names = ", ".join(f"s{i}" for i in range(symbols))
    return "\n".join([*lines, _rules("formula"), f"query(formula([{names}], _))."])


def carry_adder(digits: int) -> str:
    """Two numbers of uncertain digits, and the digits of one sum, known: programs/digits.pl."""
    chance, lines = random.Random(digits), []
    for number, i in itertools.product("ab", range(digits)):
        lines.append(_disjunction(digits, f"digit({number}{i}, {{}})", range(10)))
    sums = [chance.randrange(10) for _ in range(digits)] + [chance.randrange(2)]
    lines += [f"sum_digit(s{i}, {digit})." for i, digit in enumerate(sums)]
    a, b = ([f"{number}{i}" for i in range(digits)] for number in "ab")
    known = ", ".join(f"s{i}" for i in range(digits + 1))
    return "\n".join(
        [*lines, _rules("digits"), f"query(addition([{', '.join(a)}], [{', '.join(b)}], [{known}]))."]
    )


def shortest_path(steps: int) -> str:
    """Every cost that the cheapest way up a ladder may have, whose rungs are of cost 1 or 2 and may be missing."""
    chance = random.Random(steps)
    lines = [
        f"{chance.uniform(0.3, 0.9):.3f}::rung({here}, {here + ahead}, {chance.choice((1, 2))})."
        for here, ahead in itertools.product(range(steps), (1, 2))
    ]
    rules = [
        "way(0, 0).",
        "way(There, Cost) :- There > 0, A is There - 1, B is There - 2, (Here = A ; Here = B), Here >= 0,"
        " between(1, 2, C), rung(Here, There, C), Before is Cost - C, Before >= 0, way(Here, Before).",
        f"cheaper(Cost) :- Last is Cost - 1, between(0, Last, C), way({steps}, C).",
        f"cheapest(Cost) :- between(0, {2 * steps}, Cost), way({steps}, Cost), \\+ cheaper(Cost).",
    ]
    return "\n".join([*lines, *rules, "query(cheapest(_))."])


def brackets(length: int) -> str:
    """Whether a word whose brackets are uncertain is balanced: an ambiguous grammar, as written in a book."""
    chance = random.Random(length)
    lines = []
    for i in range(length):
        opening = round(chance.uniform(0.2, 0.8), 3)
        lines.append(f"{opening}::token({i}, open); {1 - opening:.3f}::token({i}, close).")
    rules = [
        "word(I, J) :- J is I + 2, pair(I, J).",
        "word(I, J) :- J > I + 2, pair(I, J), A is I + 1, B is J - 1, word(A, B).",
        "word(I, J) :- A is I + 2, B is J - 2, between(A, B, K), 0 is (K - I) mod 2, word(I, K), word(K, J).",
        "pair(I, J) :- token(I, open), B is J - 1, token(B, close).",
    ]
    return "\n".join([*lines, *rules, f"query(word(0, {length}))."])


def _disjunction(seed: int, atom: str, values: Sequence[object]) -> str:
    """An annotated disjunction over the values, drawn from the seed and the atom."""
    chance = random.Random(f"{seed} {atom}")
    weights = [chance.randrange(1, 100) for _ in values]
    heads = (
        f"{weight}/{sum(weights)}::{atom.format(value)}"
        for weight, value in zip(weights, values, strict=True)
    )
    return "; ".join(heads) + "."


def _rules(name: str) -> str:
    """A program of programs/ without its networks."""
    text = (PROGRAMS / f"{name}.pl").read_text()
    return "\n".join(line for line in text.splitlines() if not line.startswith(("nn(", "%")))


FAMILIES: dict[str, tuple[Family, tuple[int, ...]]] = {
    "Markov chain": (chain, (50, 150, 500, 1500, 5000)),
    "hidden Markov model": (hidden_markov, (10, 30, 100, 300, 1000)),
    "local network": (network, (50, 100, 200, 400, 1000)),
    "network of reach 6": (lambda nodes: network(nodes, 6), (20, 40, 80)),
    "tree": (tree, (3, 5, 7, 10, 12)),
    "grid": (grid, (2, 3, 4, 5, 6)),
    "smokers": (smokers, (6, 12, 20, 30)),
    "carry adder": (carry_adder, (4, 8, 16, 32, 64)),
    "formula": (formula, (1, 3, 5, 7)),
    "shortest path": (shortest_path, (4, 8, 16, 32)),
    "grammar": (brackets, (8, 16, 24, 32)),
    "smokers, three friends": (lambda people: smokers(people, 3 * people // 2), (10, 12, 14, 16)),
}
"""The families with the sizes that are measured; a tree has 2^(N + 1) - 1 nodes, a grid N^2."""
