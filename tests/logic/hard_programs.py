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
}
