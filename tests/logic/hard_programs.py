"""Programs that ours does not finish within ten seconds, of every kind that grows: a text each, by name."""

import itertools
import random


def _edges(pairs: list[tuple[str, str]], seed: int) -> str:
    chance = random.Random(seed)
    return "\n".join(f"{chance.uniform(0.1, 0.9):.3f}::edge({a}, {b})." for a, b in pairs)


def graph(size: int, share: float, seed: int) -> str:
    """Paths through a dense directed graph."""
    chance = random.Random(seed)
    pairs = [(str(a), str(b)) for a in range(size) for b in range(size) if a != b and chance.random() < share]
    rules = "path(X, Y) :- edge(X, Y). path(X, Y) :- edge(X, Z), path(Z, Y)."
    return f"{_edges(pairs, seed)}\n{rules}\nquery(path(0, {size - 1}))."


def grid(size: int, seed: int) -> str:
    """Paths through a grid whose edges go both ways."""
    nodes = list(itertools.product(range(size), range(size)))
    steps = [((a, b), (a + 1, b)) for a, b in nodes] + [((a, b), (a, b + 1)) for a, b in nodes]
    pairs = [(f"n{one}", f"n{other}") for one, other in steps if max(other) < size]
    rules = (
        "link(X, Y) :- edge(X, Y). link(X, Y) :- edge(Y, X).\n"
        "path(X, Y) :- link(X, Y). path(X, Y) :- link(X, Z), path(Z, Y)."
    )
    return f"{_edges(pairs, seed)}\n{rules}\nquery(path(n(0, 0), n({size - 1}, {size - 1})))."


def clauses(variables: int, number: int, width: int, seed: int) -> str:
    """A disjunction of random conjunctions."""
    chance = random.Random(seed)
    facts = [f"{chance.uniform(0.1, 0.9):.3f}::x({i})." for i in range(variables)]
    bodies = [
        ", ".join(chance.choice(("", "\\+ ")) + f"x({i})" for i in chance.sample(range(variables), width))
        for _ in range(number)
    ]
    return "\n".join([*facts, *(f"q :- {body}." for body in bodies), "query(q)."])


def satisfiability(variables: int, number: int, seed: int) -> str:
    """A conjunction of random disjunctions of three."""
    chance = random.Random(seed)
    lines = [f"{chance.uniform(0.1, 0.9):.3f}::x({i})." for i in range(variables)]
    for clause in range(number):
        for i in chance.sample(range(variables), 3):
            lines.append(f"c({clause}) :- {chance.choice(('', chr(92) + '+ '))}x({i}).")
    return "\n".join([*lines, f"q :- {', '.join(f'c({clause})' for clause in range(number))}.", "query(q)."])


def network(nodes: int, parents: int, seed: int) -> str:
    """A Bayesian network with a table for every node."""
    chance, lines = random.Random(seed), []
    for node in range(nodes):
        known = chance.sample(range(node), min(parents, node))
        for signs in itertools.product(("", "\\+ "), repeat=len(known)):
            body = ", ".join(f"{sign}x({parent})" for sign, parent in zip(signs, known, strict=True))
            lines.append(f"{chance.uniform(0.05, 0.95):.3f}::x({node}){f' :- {body}' if body else ''}.")
    return "\n".join([*lines, f"query(x({nodes - 1}))."])


def colouring(nodes: int, colours: int, seed: int) -> str:
    """Whether a random colouring of a random graph is proper."""
    chance = random.Random(seed)
    heads = "; ".join(f"{1 / colours:.6f}::colour(X, {colour})" for colour in range(colours))
    pairs = [(a, b) for a in range(nodes) for b in range(a) if chance.random() < 0.35]
    bad = "\n".join(f"bad :- colour({a}, C), colour({b}, C)." for a, b in pairs)
    return f"{heads} :- between(0, {nodes - 1}, X).\n{bad}\nok :- \\+ bad. query(ok)."


def smokers(people: int, seed: int) -> str:
    """Influence among friends, with evidence."""
    chance = random.Random(seed)
    pairs = [(a, b) for a in range(people) for b in range(people) if a != b and chance.random() < 0.3]
    friends = "\n".join(f"friend({a}, {b})." for a, b in pairs)
    return (
        f"{friends}\n0.3::stress(X) :- between(0, {people - 1}, X). 0.2::influences(X, Y).\nsmokes(X) :- stress(X)."
        " smokes(X) :- friend(X, Y), smokes(Y), influences(Y, X). query(smokes(0)). evidence(smokes(1))."
    )


def latin_square(side: int) -> str:
    """Whether a random square has every symbol once in each row and column."""
    cells = list(itertools.product(range(side), repeat=2))
    heads = "; ".join(f"1/{side}::v(R, C, {value})" for value in range(side))
    pairs = [(a, b) for a, b in itertools.combinations(cells, 2) if (a[0] == b[0]) != (a[1] == b[1])]
    bad = "\n".join(f"bad :- v({a[0]}, {a[1]}, V), v({b[0]}, {b[1]}, V)." for a, b in pairs)
    last = side - 1
    return f"{heads} :- between(0, {last}, R), between(0, {last}, C).\n{bad}\nok :- \\+ bad. query(ok)."


def queens(side: int) -> str:
    """Whether queens at random, one a column, leave each other alone."""
    heads = "; ".join(f"1/{side}::row(C, {row})" for row in range(side))
    bad = "bad :- between(1, {0}, C), between(1, {0}, D), C < D, row(C, X), row(D, Y), attack(C, X, D, Y)."
    attack = "attack(_, X, _, X). attack(C, X, D, Y) :- X =\\= Y, abs(X - Y) =:= D - C."
    return f"{heads} :- between(1, {side}, C).\n{attack}\n{bad.format(side)}\nok :- \\+ bad. query(ok)."


def parities(variables: int, number: int, width: int, seed: int) -> str:
    """Whether random sets of variables are all even."""
    chance = random.Random(seed)
    lines = [f"{chance.uniform(0.1, 0.9):.3f}::x({i})." for i in range(variables)]
    for row in range(number):
        lines.append(f"e({row}, 0, 0).")
        for place, i in enumerate(chance.sample(range(variables), width)):
            for bit in (0, 1):
                lines.append(f"e({row}, {place + 1}, {bit}) :- x({i}), e({row}, {place}, {1 - bit}).")
                lines.append(f"e({row}, {place + 1}, {bit}) :- \\+ x({i}), e({row}, {place}, {bit}).")
    goals = ", ".join(f"e({row}, {width}, 0)" for row in range(number))
    return "\n".join([*lines, f"q :- {goals}.", "query(q)."])


def knapsack(items: int, seed: int) -> str:
    """Whether random items of large weights stay below half of all: there are many different sums."""
    chance = random.Random(seed)
    weights = [chance.randrange(10**8, 10**9) for _ in range(items)]
    lines = [f"0.5::x({i}). w({i}, {weight})." for i, weight in enumerate(weights)]
    rules = "s(0, 0). s(N, S) :- N > 0, M is N - 1, s(M, R), w(M, W), (x(M), S is R + W ; \\+ x(M), S = R)."
    return "\n".join([*lines, rules, f"q :- s({items}, S), S < {sum(weights) // 2}. query(q)."])


def product(bits: int, number: int) -> str:
    """Whether two random numbers in binary have a certain product."""
    return (
        f"0.5::a(I) :- between(0, {bits - 1}, I). 0.5::b(I) :- between(0, {bits - 1}, I).\n"
        "n(P, 0, 0). n(P, K, V) :- K > 0, J is K - 1, n(P, J, U),"
        " (bit(P, J), V is U + (1 << J) ; \\+ bit(P, J), V = U)."
        f" bit(a, I) :- a(I). bit(b, I) :- b(I).\nq :- n(a, {bits}, X), n(b, {bits}, Y), {number} =:= X * Y. query(q)."
    )


def words(length: int, seed: int) -> str:
    """Whether a random word has a derivation in an ambiguous grammar."""
    chance = random.Random(seed)
    lines = [
        f"{chance.uniform(0.2, 0.5):.3f}::t({i}, a); {chance.uniform(0.2, 0.5):.3f}::t({i}, b)."
        for i in range(length)
    ]
    rules = [
        "s(I, J) :- J is I + 1, t(I, a).",
        "s(I, J) :- J > I + 1, A is I + 1, B is J - 1, between(A, B, K), s(I, K), r(K, J).",
        "r(I, J) :- J is I + 1, t(I, b).",
        "r(I, J) :- J > I + 1, A is I + 1, B is J - 1, between(A, B, K), r(I, K), s(K, J).",
    ]
    return "\n".join([*lines, *rules, f"query(s(0, {length}))."])


def observed(causes: int, effects: int, seed: int) -> str:
    """Two layers, causes and noisy effects of many of them, all effects observed."""
    chance = random.Random(seed)
    lines = [f"0.1::c({i})." for i in range(causes)]
    for effect in range(effects):
        for i in chance.sample(range(causes), min(causes, 8)):
            lines.append(f"{chance.uniform(0.2, 0.9):.3f}::e({effect}) :- c({i}).")
        lines.append(f"evidence(e({effect}), {chance.choice(('true', 'false', 'true'))}).")
    return "\n".join([*lines, "query(c(0))."])


LISTS = ":- use_module(library(lists)).\n"
FACTS = "0.5::a(X) :- between(1, {n}, X).\n"
PROGRAMS = {
    "dense graph": graph(40, 0.3, 1),
    "denser graph": graph(80, 0.5, 2),
    "small grid": grid(8, 1),
    "grid": grid(9, 2),
    "large grid": grid(20, 3),
    "long chain": "0.5::s(0). s(X) :- X > 0, Y is X - 1, s(Y), k(X). s(X) :- X > 1, Y is X - 2, s(Y)."
    " 0.6::k(X) :- between(1, 9999, X). query(s(9999)).",
    "recursion without end": "p(N) :- M is N + 1, p(M). query(p(0)).",
    "recursion without end in a directive": "p(N) :- M is N + 1, p(M). :- p(0). query(p(0)).",
    "big disjunction": clauses(120, 300, 5, 1),
    "bigger disjunction": clauses(2000, 4000, 3, 2),
    "clauses of three": satisfiability(80, 240, 1),
    "many clauses of three": satisfiability(300, 1200, 2),
    "Bayesian network": network(120, 4, 1),
    "large Bayesian network": network(150, 5, 2),
    "colouring": colouring(25, 4, 1),
    "large colouring": colouring(60, 5, 2),
    "smokers": smokers(15, 1),
    "many smokers": smokers(60, 2),
    "permutations": LISTS + "q :- numlist(1, 12, L), permutation(L, P), all(P). permutation([], [])."
    " permutation(L, [H|T]) :- select(H, L, R), permutation(R, T). all([]). all([H|T]) :- a(H), all(T).\n"
    + FACTS.format(n=12)
    + "query(q).",
    "all subsets": FACTS.format(n=40) + "q :- findall(X, a(X), L), length(L, N), N > 20. query(q).",
    "sums": FACTS.format(n=60)
    + "t(0, 0). t(N, S) :- N > 0, M is N - 1, t(M, R), (a(N), S is R + N ; \\+ a(N), S = R)."
    " q :- t(60, S), S mod 7 =:= 0. query(q).",
    "words": LISTS
    + "w(0, []). w(N, [X|T]) :- N > 0, M is N - 1, w(M, T), member(X, [a, b, c, d]). query(w(14, _)).",
    "many answers": "q(X) :- between(1, 4900000, X), Y is X mod 7, Y =:= 3. query(q(_)).",
    "many dice": "; ".join(f"0.1::d(X, {value})" for value in range(10))
    + " :- between(1, 15, X).\ns(0, 0). s(N, T) :- N > 0, M is N - 1, s(M, U), d(N, V), T is U * 3 + V * V."
    " query(s(15, _)).",
    "two-way grid of rows": grid(13, 4),
    "sparse graph": graph(70, 0.08, 4),
    "graph of a hundred": graph(100, 0.1, 5),
    "large sparse graph": graph(400, 0.02, 6),
    "wide clauses": clauses(60, 500, 9, 3),
    "thousands of clauses": clauses(5000, 20000, 3, 4),
    "clauses of three, over-constrained": satisfiability(120, 700, 3),
    "thousands of clauses of three": satisfiability(1000, 4200, 4),
    "network with many parents": network(90, 6, 3),
    "network with seven parents": network(70, 7, 4),
    "network of hundreds": network(500, 4, 5),
    "colouring in three": colouring(45, 3, 3),
    "colouring of a hundred": colouring(100, 4, 4),
    "smokers of thirty": smokers(30, 3),
    "Latin square": latin_square(6),
    "large Latin square": latin_square(9),
    "queens": queens(12),
    "many queens": queens(24),
    "parities": parities(60, 40, 12, 1),
    "wide parities": parities(150, 80, 40, 2),
    "knapsack": knapsack(36, 1),
    "product": product(14, 9973 * 8191),
    "words of a grammar": words(24, 1),
    "causes of effects": observed(120, 160, 1),
    "causes of many effects": observed(400, 600, 2),
    "a long list": LISTS + "0.5::a. q :- numlist(1, 100000000, L), length(L, N), N > 5, a. query(q).",
    "nested loops": "0.5::a. q :- a, between(1, 4000000, X), between(1, 4000000, Y), X * Y =:= 3. query(q).",
    "a long list that is sorted": "0.5::a. q :- findall(Y, (between(1, 4000000, X), Y is X * 7919 mod 1000003), L),"
    " sort(L, M), length(M, N), N > 5, a. query(q).",
}
