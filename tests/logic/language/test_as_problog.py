"""What ProbLog's language can say beyond facts and clauses, kind by kind: the answers are stock ProbLog's."""

import pytest
from problog import get_evaluatable
from problog.program import PrologFile

from gedi_nesy.logic import Program

EDGES = "0.3::e(1, a). 0.6::e(2, b). 0.4::e(3, a). "
PARTS = {
    "part.pl": ":- consult('deeper.pl').\nmiddle :- deep.\n",
    "deeper.pl": "0.35::deep. 0.1::deep.\n",
}

PROGRAMS = {
    "subquery/2": "0.3::a. 0.4::b. c :- a. c :- b. p(P) :- subquery(c, P). query(p(_)).",
    "subquery/3": "0.3::a. 0.4::b. c :- a. c :- b. p(P) :- subquery(c, P, [\\+ a]). query(p(_)).",
    "subquery/5": '0.3::a. p(P) :- subquery(a, P, [], "logprob", "sdd"). query(p(_)).',
    "subquery of each": EDGES + "p(X, P) :- subquery(e(X, _), P). query(p(_, _)).",
    "a probability by subquery": EDGES + "0.5::s(X) :- e(X, _). P::q(X) :- subquery(s(X), P). query(q(_)).",
    "findall of a pair": EDGES + "f(L) :- findall(X-Y, e(X, Y), L). query(f(_)).",
    "findall of a term": EDGES + "f(L) :- findall(p(Y, [X, z]), e(X, Y), L). query(f(_)).",
    "findall within findall": EDGES
    + "f(L) :- findall(X-M, (e(X, a), findall(Y, e(X, Y), M)), L). query(f(_)).",
    "findall of the negated": EDGES + "k(1). k(2). f(L) :- findall(X, (k(X), \\+ e(X, _)), L). query(f(_)).",
    "all/3": EDGES + "f(L) :- all(X-Y, e(X, Y), L). query(f(_)).",
    "all_or_none/3": EDGES + "f(L) :- all_or_none(X, e(X, b), L). query(f(_)).",
    "forall/2": "0.3::a(1). 0.4::a(2). b(1). b(2). f :- forall(b(X), a(X)). query(f).",
    "nested consult": ":- consult('part.pl'). query(middle). query(deep).",
    "numbervars/3": "f(X, E) :- X = g(A, B, A), numbervars(X, 3, E). query(f(_, _)).",
    "queries of what does not hold": "0.3::a. 0.4::b(1). query(\\+ a). query(not a). query(not(b(1))).",
    "queries under a condition": "e(1). e(2). 0.3::a(X) :- e(X). query(a(X)) :- e(X), X > 1.",
    "evidence under a condition": "0.3::a(X) :- b(X). b(1). b(2). c :- a(_). evidence(a(X)) :- X = 1. query(c).",
    "comparing terms": "p :- f(_) \\=@= a. q :- a @< b. r(O) :- compare(O, f(1), f(2)). query(q). query(r(_)).",
    "text": ":- use_module(library(string)). f(S) :- concat([a, b], S). g(S) :- join('-', [a, b, c], S)."
    " query(f(_)). query(g(_)).",
    "atoms and numbers": "f(X) :- atom_number('12', X). query(f(_)).",
    "lists": ":- use_module(library(lists)). f(L) :- append([1, 2], [3], L). g(X) :- nth0(1, [a, b], X)."
    " h(L) :- reverse([1, 2], L)."
    " s(X) :- sum_list([1, 2], X). p(L) :- permutation([1, 2, 3], L). m(X) :- max_list([1, 5, 2], X)."
    " query(f(_)). query(g(_)). query(h(_)). query(s(_)). query(p(_)). query(m(_)).",
    "drawing from lists": ":- use_module(library(lists)). f(X) :- select_uniform(id, [a, b, c], X, _)."
    " g(X) :- select_weighted(i, [0.2, 0.3, 0.5], [a, b, c], X, _). query(f(_)). query(g(_)).",
    "aggregates": ":- use_module(library(aggregate)). v(a, 1). v(a, 4). v(b, 6). m(max<X>) :- v(_, X)."
    " s(K, sum<X>) :- v(K, X)."
    " n(K, min<X>) :- v(K, X). a(K, avg<X>) :- v(K, X). query(m(_)). query(s(_, _)). query(n(_, _)). query(a(_, _)).",
    "uncertain aggregates": ":- use_module(library(aggregate)). 0.3::v(a, 1). 0.6::v(a, 4). 0.5::v(b, 6)."
    " m(K, max<X>) :- v(K, X)."
    " query(m(_, _)).",
    "higher order": ":- use_module(library(apply)). inc(X, Y) :- Y is X + 1. big(X) :- X > 1."
    " add(X, A, B) :- B is A + X."
    " f(L) :- maplist(inc, [1, 2], L). g(L) :- include(big, [1, 2], L). k(S) :- foldl(add, [1, 2], 0, S)."
    " query(f(_)). query(g(_)). query(k(_)).",
    "cut": ":- use_module(library(cut)). 0.3::a. 0.5::b. r(1, one) :- a. r(2, two) :- b. r(3, three)."
    " f(X) :- cut(r(_, X)). query(f(_)).",
    "scopes": ":- use_module(library(scope)). 0.3::a. scope(s):b :- a. query(scope(s):b).",
    "assertz": ":- use_module(library(assert)). f(X) :- assertz(k(1)), k(X). query(f(_)).",
    "records": ":- use_module(library(record)). f(X) :- recordz(k, 1), recorded(k, X). query(f(_)).",
    "terms": "f(L) :- g(1, 2) =.. L. n(N) :- functor(g(1, 2), N, _). a(A) :- arg(2, g(1, 2), A)."
    " query(f(_)). query(n(_)). query(a(_)).",
    "calls": "0.3::e(1, 2). f(X) :- call(e, X, _). g :- G = e(1, 2), G. h :- G = e(1, 2), \\+ G."
    " query(f(_)). query(g). query(h).",
    "negation of disjunctions": "0.3::a. 0.4::b. f :- (a ; b), \\+ (a, b). g :- \\+ \\+ a. query(f). query(g).",
    "negated heads": "0.6::b. 0.3::a. \\+ b :- a. query(b).",
    "circles": "0.3::e(1, 2). 0.4::e(2, 3). 0.5::e(3, 1). p(X, Y) :- e(X, Y)."
    " p(X, Y) :- p(X, Z), e(Z, Y). query(p(1, _)).",
    "arithmetic": "f(X) :- X is 7 mod 3 + 2**3 - 10//3 + max(1, 2) + truncate(2.7). g(X) :- X is 5/2."
    " query(f(_)). query(g(_)).",
    "probabilities that are computed": "b(3). b(4). X/10::a(X) :- b(X). query(a(_)).",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_as_stock_problog(kind, tmp_path):
    for name, text in {**PARTS, "task.pl": PROGRAMS[kind]}.items():
        (tmp_path / name).write_text(text)
    path = str(tmp_path / "task.pl")
    stock = get_evaluatable().create_from(PrologFile(path)).evaluate()
    ours = {str(term): p for term, p in Program.from_file(path, {}).solve()}
    assert ours
    assert ours == pytest.approx({str(term): float(p) for term, p in stock.items()}, abs=1e-9)
