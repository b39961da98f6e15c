"""Random dynamic programs: recursions over positions that carry a partial result, a clause a line.

Machines read choices (facts and annotated disjunctions) one position after another, split an interval in two, or parse
it by a grammar. Positions may read the same choice, steps may overlap, clauses may negate: some of these programs are
circuits as they stand, others only look like it.
"""

import random
from collections.abc import Callable

UPDATES = (
    "S is (R + V) mod {m}",
    "S is (2 * R + V) mod {m}",
    "S is (R * V + 1) mod {m}",
    "S is max(R, V)",
    "S is min(R + V, 3)",
    "S is abs(R - V)",
    "S is R xor V",
    "S is R + V",
    "S = V",
    "S = R",
)
"""How a step makes the next partial result from the last, R, and what was read, V."""


def generate(seed: int) -> str:
    """A program with its queries and, mostly, evidence; it is small enough for ProbLog."""
    chance = random.Random(seed)
    length = chance.randint(2, 5)
    lines, reads = _choices(chance, length)
    machines: list[tuple[str, str]] = []
    for number in range(chance.randint(1, 2)):
        maker: Callable[..., list[str]] = chance.choice(
            (_scan, _scan, _scan, _halves, _grammar, _pair, _negating)
        )
        lines += maker(chance, f"m{number}", length, reads)
        machines.append((f"m{number}", maker.__name__))
    lines += _queries(chance, machines, length)
    lines += _evidence(chance, machines, length, reads)
    return "\n".join(lines)


def _choices(chance: random.Random, length: int) -> tuple[list[str], list[str]]:
    """Choices of each position, and of none; and goals, of position I, that bind V to a number."""
    lines = [f"{chance.choice((0.3, 0.5, 0.8))}::g."]
    values = chance.choice((2, 2, 3))
    names = list(range(values)) if chance.random() < 0.8 else [0] * values
    shares = [round(chance.uniform(0.1, 1 / values), 2) for _ in names]
    if chance.random() < 0.4:
        shares[-1] = round(1 - sum(shares[:-1]), 2)
    heads = "; ".join(f"{p}::d(N, {v})" for p, v in zip(shares, names, strict=True))
    body = chance.choice(("", "", ", g", ", \\+ g"))
    lines.append(f"{heads} :- between(1, {length}, N){body}.")
    lines += [f"{chance.choice((0.1, 0.4, 0.7, 0.0, 1.0))}::f({i})." for i in range(1, length + 1)]
    lines.append("0.2::mode(0); 0.3::mode(1).")
    if chance.random() < 0.3:
        lines.append("0.6::f(N) :- between(1, 2, N), mode(1).")
    index = chance.choice(("I = N", "I = N", "I = N", "I is N // 2 + 1", "I is (N mod 2) + 1", "I = 1"))
    reads = [
        f"{index}, d(I, V)",
        "d(N, V)",
        f"{index}, (f(I), V = 1 ; \\+ f(I), V = 0)",
        f"{index}, f(I), V = 1",
        f"{index}, \\+ d(I, 0), V = 2",
        "mode(V)",
        "(g, V = 1 ; \\+ g, V = 0)",
        "d(N, W), f(N), V is W + 1",
        "\\+ f(N), V = 0",
        "V = 1",
    ]
    return lines, reads


def _step(chance: random.Random, reads: list[str]) -> str:
    return f"{chance.choice(reads[: chance.choice((3, len(reads)))])}, {_update(chance)}"


def _update(chance: random.Random) -> str:
    return chance.choice(UPDATES).format(m=chance.choice((2, 3)))


def _scan(chance: random.Random, name: str, length: int, reads: list[str]) -> list[str]:
    """From the first position to the last, one or more ways to make a step."""
    lines = [f"{name}(0, 0)."]
    if chance.random() < 0.3:
        lines.append(f"{name}(0, 1) :- g.")
    lines += [
        f"{name}(N, S) :- N > 0, M is N - 1, {name}(M, R), {_step(chance, reads)}."
        for _ in range(chance.choice((1, 1, 2, 3)))
    ]
    return lines


def _pair(chance: random.Random, name: str, length: int, reads: list[str]) -> list[str]:
    """Two partial results, carried together."""
    second = _update(chance).replace("S", "U").replace("R", "T")
    return [
        f"{name}_(0, 0, 1).",
        f"{name}_(N, S, U) :- N > 0, M is N - 1, {name}_(M, R, T), {_step(chance, reads)}, {second}.",
        f"{name}(N, S) :- {name}_(N, R, V), {_update(chance)}.",
    ]


def _halves(chance: random.Random, name: str, length: int, reads: list[str]) -> list[str]:
    """An interval from two, split in the middle or, ambiguously, anywhere."""
    middle = chance.choice(("M is (A + B) // 2", "M is (A + B) // 2", "C is B - 1, between(A, C, M)"))
    overlap = chance.choice(("L is M + 1", "L is M + 1", "L is M + 1", "L is M + 1, g"))
    return [
        f"{name}_(N, N, V) :- {chance.choice(reads)}.",
        f"{name}_(A, B, S) :- A < B, {middle}, {overlap}, {name}_(A, M, R), {name}_(L, B, V), {_update(chance)}.",
        f"{name}(N, S) :- N > 0, {name}_(1, N, S).",
    ]


def _grammar(chance: random.Random, name: str, length: int, reads: list[str]) -> list[str]:
    """Symbols 0 to 2 over an interval, binary rules, some of them uncertain."""
    rules = {tuple(chance.randrange(3) for _ in range(3)) for _ in range(chance.randint(2, 4))}
    lines = [f"{chance.choice(('', '0.6::', '0.9::'))}{name}r({a}, {b}, {c})." for a, b, c in sorted(rules)]
    return [
        *lines,
        f"{name}_(N, N, V) :- {chance.choice(reads)}.",
        f"{name}_(A, B, S) :- A < B, C is B - 1, between(A, C, M), {name}r(S, X, Y), {name}_(A, M, X),"
        f" L is M + 1, {name}_(L, B, Y).",
        f"{name}(N, S) :- N > 0, {name}_(1, N, S).",
    ]


def _negating(chance: random.Random, name: str, length: int, reads: list[str]) -> list[str]:
    """A step that needs the step before to have failed, or the lack of some partial result."""
    read = chance.choice(reads[:3])
    return [
        f"{name}(0, 0).",
        f"{name}(N, 1) :- N > 0, M is N - 1, \\+ {name}(M, {chance.randrange(2)}), {read}, V > 0.",
        f"{name}(N, S) :- N > 0, M is N - 1, {name}(M, R), {_step(chance, reads)}.",
    ]


def _queries(chance: random.Random, machines: list[tuple[str, str]], length: int) -> list[str]:
    first, last = machines[0][0], machines[-1][0]
    asked = chance.choice(
        (
            [f"query({first}({length}, _))."],
            [f"q :- {first}({length}, S), S mod 2 =:= 0.", "query(q)."],
            [f"q :- {first}({length}, S), {last}({length}, S).", "query(q)."],
            [f"q(S) :- {first}({length}, R), {last}({length - 1}, V), {_update(chance)}.", "query(q(_))."],
            [f"q :- {first}({length}, S), \\+ {last}({length - 1}, S).", "query(q)."],
            [f"query({first}({n}, _))." for n in range(1, length + 1)],
        )
    )
    return asked


def _evidence(
    chance: random.Random, machines: list[tuple[str, str]], length: int, reads: list[str]
) -> list[str]:
    goals = [
        f"f({chance.randint(1, length)})",
        f"d({chance.randint(1, length)}, {chance.randrange(2)})",
        f"{chance.choice(machines)[0]}({chance.randint(1, length)}, {chance.randrange(3)})",
        "g",
    ]
    chosen = chance.sample(goals, chance.choice((0, 0, 1, 1, 2)))
    return [f"evidence({goal}, {chance.choice(('true', 'false'))})." for goal in chosen]
