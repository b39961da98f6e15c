"""The smallest additions that leave the identity alone, and the audit that proves each of them."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from gedi_nesy.audit.constraints import Constraint, Domains
from gedi_nesy.audit.examination import Examination, LabelSet, in_time
from gedi_nesy.audit.hitting_sets import smallest_hitting_sets
from gedi_nesy.audit.labelled_queries import parse_queries
from gedi_nesy.audit.repair.candidates import Candidate, More, more_queries, more_rules
from gedi_nesy.audit.search import MapSearch
from gedi_nesy.audit.shortcuts import DEFAULT, Audit, audit, with_rule
from gedi_nesy.audit.simplify import simplified
from gedi_nesy.logic.budget import Budget, Watch
from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.program import Program

CHOICES = 4
"""Smallest additions that are named, of each kind."""

Kind = Literal["queries", "labels", "labels and queries", "rule"]


@dataclass(frozen=True)
class Repair:
    """An addition: symbols to label, queries to collect, and a rule that they may need.

    With it the identity is the only map, or the only one-to-one map where `one_to_one`. `others` are as small and do
    the same. `proven` says that an audit with the addition found so; None: not within the budget.
    """

    kind: Kind
    one_to_one: bool
    labels: LabelSet
    queries: tuple[str, ...]
    rule: str
    others: tuple[tuple[str, ...], ...]
    proven: bool | None


@dataclass(frozen=True)
class _Task:
    program: Program
    queries: tuple[str, ...]
    found: Audit
    examination: Examination
    truth: tuple[int, ...]
    known: Collection[str]
    budget: Budget
    deadline: float


class Repairs(NamedTuple):
    """Those that were found; `complete` unless some queries of the kinds that there are were not looked at.

    None is `needed` where one map is left as it is.
    """

    found: tuple[Repair, ...]
    complete: bool
    needed: bool


def repair(
    program: Program, found: Audit, *, known: Collection[str] = (), budget: Budget = DEFAULT
) -> Repairs:
    """The smallest repairs of each kind, for all maps and for one-to-one ones, where several are left.

    `found` is the audit of the program. What cannot be found within the budget is left out. ProgramError if the
    identity is no map: then the program or its queries are wrong, and no addition mends them.
    """
    if not found.identity:
        raise ProgramError(
            f"{found.program}: nothing repairs it: the true symbols do not satisfy its queries"
        )
    if found.maps == 1:
        return Repairs((), complete=True, needed=False)
    budget = budget.running()
    deadline = (budget.begun or time.monotonic()) + budget.seconds
    problem = found.problem
    truth = tuple(variable.outputs.index(variable.symbol) for variable in problem.variables)
    examination = Examination(problem, known, deadline)
    task = _Task(program, found.queries, found, examination, truth, known, budget, deadline)
    fixed = tuple(1 << output for output in truth)
    with Watch(found.program, "queries that could be added", budget) as watch:
        terms = parse_queries(found.queries)
        until = time.monotonic() + (deadline - time.monotonic()) / 3
        more = in_time(lambda: more_queries(program, terms, problem.variables, fixed, watch, until))
    more = more or More(complete=False)
    repairs: list[Repair] = []
    if found.maps_bounds.high > 1:
        repairs += _repairs(task, more.candidates, one_to_one=False)
    if found.one_to_one_bounds.high > 1 and found.one_to_one_bounds != found.maps_bounds:
        repairs += _repairs(task, more.candidates, one_to_one=True)
    return Repairs(tuple(repairs), more.complete, needed=True)


def _repairs(task: _Task, candidates: Sequence[Candidate], one_to_one: bool) -> list[Repair]:
    sets = task.found.labels_one_to_one if one_to_one else task.found.labels
    queries = _smallest(task, candidates, one_to_one, ())
    repairs = []
    if queries:
        repairs.append(_of_queries(task, "queries", one_to_one, (), "", queries))
    if sets:
        others = tuple(tuple(symbol for _, symbol in labels) for labels in sets[1:CHOICES])
        repairs.append(_proven(task, Repair("labels", one_to_one, sets[0], (), "", others, None)))
    if not queries and candidates and sets:
        mixed = in_time(lambda: _fewest_labels(task, candidates, one_to_one))
        if mixed and len(mixed) < len(sets[0]):
            labels = tuple((v.network, v.symbol) for v in (task.found.problem.variables[i] for i in mixed))
            chosen = _smallest(task, candidates, one_to_one, mixed)
            if chosen:
                repairs.append(_of_queries(task, "labels and queries", one_to_one, labels, "", chosen))
    rules = more_rules(task.program, task.found.problem.variables)
    ranked = [
        (rule, chosen) for rule in rules if (chosen := _smallest(task, rule.candidates, one_to_one, ()))
    ]
    for rule, chosen in sorted(ranked, key=lambda pair: len(pair[1][0]))[:1]:
        repairs.append(_of_queries(task, "rule", one_to_one, (), rule.text, chosen))
    return repairs


def _of_queries(
    task: _Task, kind: Kind, one_to_one: bool, labels: LabelSet, rule: str, chosen: Sequence[tuple[str, ...]]
) -> Repair:
    return _proven(task, Repair(kind, one_to_one, labels, chosen[0], rule, tuple(chosen[1:]), None))


def _smallest(
    task: _Task, candidates: Sequence[Candidate], one_to_one: bool, labelled: Collection[int]
) -> list[tuple[str, ...]]:
    """The smallest sets of candidates, as texts, that leave the identity alone once these symbols are labelled.

    None if there is no such set, or it was not found in time.
    """
    try:
        tables = [simplified([each.constraint], _sizes(task), task.deadline) for each in candidates]
    except TooLargeError:
        return []

    def missed(chosen: frozenset[int]) -> frozenset[int] | None:
        extra = [constraint for index in chosen for constraint in tables[index]]
        other = _other(task, extra, one_to_one, labelled)
        if other is None:
            return None
        fixed = tuple(1 << output for output in other)
        return frozenset(i for i, each in enumerate(tables) if any(c.narrow(fixed) is None for c in each))

    sets = in_time(lambda: smallest_hitting_sets(missed, CHOICES, task.deadline))
    return [tuple(candidates[index].text for index in sorted(chosen)) for chosen in sets or []]


def _fewest_labels(task: _Task, candidates: Sequence[Candidate], one_to_one: bool) -> tuple[int, ...]:
    """The symbols to label if all candidates were collected."""
    extra = simplified([each.constraint for each in candidates], _sizes(task), task.deadline)

    def missed(chosen: frozenset[int]) -> frozenset[int] | None:
        other = _other(task, extra, one_to_one, chosen)
        return None if other is None else frozenset(i for i, o in enumerate(other) if o != task.truth[i])

    return tuple(sorted(smallest_hitting_sets(missed, 1, task.deadline)[0]))


def _sizes(task: _Task) -> list[int]:
    return [len(variable.outputs) for variable in task.found.problem.variables]


def _other(
    task: _Task, extra: Sequence[Constraint], one_to_one: bool, labelled: Collection[int]
) -> tuple[int, ...] | None:
    """A map that is not the identity, with these constraints more and these symbols read right."""
    examination = task.examination
    base = (examination.search_one_to_one if one_to_one else examination.search).constraints
    search = MapSearch([*base, *extra], len(task.truth), task.deadline)
    domains: Domains = tuple(
        1 << task.truth[i] if i in labelled else mask for i, mask in enumerate(examination.everything)
    )
    return next((other for other in search.solutions(domains) if other != task.truth), None)


def _proven(task: _Task, found: Repair) -> Repair:
    """The same, with what an audit of the program with the addition says."""
    program = with_rule(task.program, found.rule) if found.rule else task.program
    queries = [*task.queries, *found.queries]
    again = in_time(
        lambda: audit(program, queries, known=task.known, budget=task.budget, labelled=found.labels)
    )
    if again is None:
        return found
    bounds = again.one_to_one_bounds if found.one_to_one else again.maps_bounds
    return replace(found, proven=again.identity and bounds.high == 1 if bounds.exact else None)
