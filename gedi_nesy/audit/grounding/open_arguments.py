"""Which arguments of a query may be left open, so that one grounding serves all queries of a template.

Read off the program's text, and on the safe side: where it is not plain that grounding with an open argument gives the
instances that grounding each query would have given, the answer is no.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from problog.logic import Term

from gedi_nesy.logic.language.neural import NeuralPredicate
from gedi_nesy.logic.language.source import subterms
from gedi_nesy.logic.language.statements import heads_of

NUMERIC = ("is/2", "</2", ">/2", "=</2", ">=/2", "=:=/2", "=\\=/2")
"""They bind at most the left side of `is`, to a number, and are errors where anything else is unbound."""

JUNCTIONS, NEGATIONS = (",/2", ";/2"), ("\\+/1", "not/1")


class _Goal(NamedTuple):
    term: Term
    negated: bool
    certain: bool
    """whether it has to hold, being in no branch of a disjunction and in no negation"""

    def shows(self, names: Collection[str]) -> list[int]:
        """The arguments that have one of these variables."""
        return [place for place, each in enumerate(self.term.args) if not set(_names(each)).isdisjoint(names)]


class _Clause(NamedTuple):
    head: Term
    goals: tuple[_Goal, ...]


class Clauses:
    """The clauses of a program's text, by predicate."""

    def __init__(self, statements: Sequence[Any], predicates: Sequence[NeuralPredicate]):
        self.neural = {f"{each.name}/{each.arity}": each for each in predicates}
        self.complete = True
        """whether it loads nothing but libraries"""
        self.of: dict[str, list[_Clause]] = {}
        for statement in statements:
            goals = tuple(_goals(statement.body)) if hasattr(statement, "body") else ()
            for head in heads_of(statement):
                self.of.setdefault(head.signature, []).append(_Clause(head, goals))
                if head.functor == "_directive" and not str(statement.body).startswith("use_module(library("):
                    self.complete = False

    def images_are_opaque(self, signature: str, arguments: Iterable[int]) -> bool:
        """Whether what these arguments of a predicate hold is read by networks alone.

        So it is where it is handed on, inside lists too, until it is the input of a neural predicate, and nothing
        compares it or unifies it with anything but a variable.
        """
        seen = [(signature, argument) for argument in arguments]
        for reached, argument in seen:
            for head, goals in self.of.get(reached, ()):
                names = [name for each in head.args for name in _names(each)]
                shown = set(_names(head.args[argument]))
                if not _is_pattern(head.args[argument]) or any(names.count(name) > 1 for name in shown):
                    return False
                for goal in goals:
                    places = goal.shows(shown)
                    predicate = self.neural.get(goal.term.signature)
                    # as an output it would be compared with the domain
                    compared = (
                        predicate is not None and predicate.kind != "fact" and goal.term.arity - 1 in places
                    )
                    if places and (compared or goal.term.signature not in self.of):
                        return False
                    new = [(goal.term.signature, place) for place in places]
                    seen += [each for each in new if each not in seen]
        return self.complete

    def answers_may_be_open(self, signature: str, arguments: Iterable[int]) -> bool:
        """Whether these arguments of a predicate may be variables: its ground answers are then all that there are.

        So it is where they meet nothing but clauses, unification and arithmetic while unbound: no negation, and
        no test that takes a variable for something else.
        """
        bound = self._bound()
        seen = [(signature, argument) for argument in arguments]
        for reached, argument in seen:
            for head, goals in self.of.get(reached, ()):
                unbound, known = set(_names(head.args[argument])), set()
                for goal in goals:
                    places, called = goal.shows(unbound), goal.term.signature
                    if places and (goal.negated or not (called in self.of or called in (*NUMERIC, "=/2"))):
                        return False
                    new = [(called, place) for place in places if called in self.of]
                    seen += [each for each in new if each not in seen]
                    if goal.certain:
                        known |= _bound_by(goal.term, bound)
                    if places and called not in NUMERIC:
                        # variables of a goal may become one and the same
                        unbound |= set(_names(goal.term))
                    unbound -= known
        return self.complete

    def _bound(self) -> set[tuple[str, int]]:
        """The arguments of predicates that are ground whenever they have succeeded, whatever they were called with."""
        found = {(name, i) for name, clauses in self.of.items() for i in range(clauses[0].head.arity)}
        before = -1
        while len(found) != before:
            before = len(found)
            for name, clauses in self.of.items():
                for head, goals in clauses if name not in self.neural else ():
                    known = set().union(*(_bound_by(each.term, found) for each in goals if each.certain))
                    found -= {
                        (name, i)
                        for i, each in enumerate(head.args)
                        if not known.issuperset(_all_names(each))
                    }
        return found


def _bound_by(goal: Term, bound: Collection[tuple[str, int]]) -> set[str]:
    """The variables that have values once a goal has succeeded."""
    if goal.signature in NUMERIC:
        return set(_names(goal))
    return {name for i, each in enumerate(goal.args) if (goal.signature, i) in bound for name in _names(each)}


def _goals(body: Any, negated: bool = False, certain: bool = True) -> Iterator[_Goal]:
    """The goals of a body: conjunctions, disjunctions and negations taken apart."""
    if body.is_var():
        # a goal that is only known when it is called
        yield _Goal(Term("call", body), negated, certain)
    elif body.signature in JUNCTIONS + NEGATIONS:
        negated, certain = negated or body.signature in NEGATIONS, certain and body.signature == ",/2"
        for each in body.args:
            yield from _goals(each, negated, certain)
    else:
        yield _Goal(body, negated, certain)


def _all_names(term: Any) -> list[str]:
    """Of its variables, as often as each occurs."""
    return [str(part) for part in subterms(term) if part.is_var()]


def _names(term: Any) -> list[str]:
    """The same of those that occur elsewhere: `_` is another variable each time."""
    return [name for name in _all_names(term) if name != "_"]


def _is_pattern(argument: Any) -> bool:
    """A variable, or a list of them."""
    if argument.is_var() or str(argument) == "[]":
        return True
    return argument.signature == "./2" and all(map(_is_pattern, argument.args))
