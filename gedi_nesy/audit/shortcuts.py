"""Reasoning shortcuts: which concept maps satisfy a program on its training queries, counted and named before training.

A map sends each true symbol that occurs to the symbol that the network outputs for it. If several maps satisfy every
training query, logic alone cannot say which of them a network will learn; the identity is the one that is meant.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from gedi_nesy.audit.examination import FEW, ConceptMap, Examination, LabelSet, in_time
from gedi_nesy.audit.labelled_queries import Problem, parse_queries, problem_of, read_queries
from gedi_nesy.audit.rsbench.problem import problem_of_task
from gedi_nesy.audit.rsbench.task import Task
from gedi_nesy.audit.search import Bounds
from gedi_nesy.logic.budget import Budget, Watch
from gedi_nesy.logic.errors import ProgramError, did_you_mean
from gedi_nesy.logic.language.neural import neural_predicates
from gedi_nesy.logic.language.source import Source
from gedi_nesy.logic.program import Program

DEFAULT = Budget(seconds=60.0)


@dataclass(frozen=True)
class Audit:
    """What a program and its queries leave open. None stands for what could not be found within the budget.

    `left_out` is how many queries could not be ground within it: all else is then about the others, except that maps
    are no more than these admit.
    `possible` counts all maps, `maps` those under which every query holds, `one_to_one` those of them that send no two
    symbols of one network to the same output; what is known of a number that could not be found stands in its
    `_bounds`. `listed` holds the maps, the identity first, if they are few. `ambiguous` are, by network, the symbols
    that some map takes for others, and for which. `readings` counts, by network, true symbol and output, the maps that
    read the symbol as that output. `labels` are all smallest sets of true symbols that leave the identity alone once
    they are labelled, `labels_one_to_one` those that leave it alone among the one-to-one maps; empty if the identity is
    no map.
    """

    program: str
    queries: tuple[str, ...]
    left_out: int
    possible: int
    maps_bounds: Bounds
    identity: bool
    one_to_one_bounds: Bounds
    listed: tuple[ConceptMap, ...] | None
    ambiguous: dict[str, dict[str, list[str]]] | None
    readings: dict[str, dict[str, dict[str, int]]] | None
    labels: tuple[LabelSet, ...] | None
    labels_one_to_one: tuple[LabelSet, ...] | None
    problem: Problem = field(repr=False)

    @property
    def maps(self) -> int | None:
        """How many maps satisfy every query."""
        return self.maps_bounds.low if self.maps_bounds.exact else None

    @property
    def one_to_one(self) -> int | None:
        """How many of them are one-to-one."""
        return self.one_to_one_bounds.low if self.one_to_one_bounds.exact else None

    def number(self, outputs: Mapping[str, Mapping[str, str]]) -> int | None:
        """The place of a map in `listed`, counted from 1; None if it is not there."""
        return next((i for i, found in enumerate(self.listed or (), 1) if found.outputs == outputs), None)

    def broken(self, outputs: Mapping[str, Mapping[str, str]]) -> list[str]:
        """The queries that do not hold under a map, given as by `ConceptMap.outputs`."""
        domains = tuple(1 << v.outputs.index(outputs[v.network][v.symbol]) for v in self.problem.variables)
        pairs = zip(self.queries, self.problem.constraints, strict=True)
        return [query for query, constraint in pairs if constraint.narrow(domains) is None]


def audit(
    program: Program | str | os.PathLike[str],
    queries: Sequence[str] | str | os.PathLike[str] | None = None,
    *,
    known: Collection[str] = (),
    labelled: Collection[tuple[str, str]] = (),
    budget: Budget = DEFAULT,
    allow_python: bool = False,
    allow_outside: bool = False,
) -> Audit:
    """Count and examine the maps of a program (or its file) on its training queries.

    `queries` are texts such as `sum(2, 3, 5)`, or the path of a file of them; without it the program's own, which
    stand beside it in a file of the same name that ends in `.queries`. Networks in `known` read every symbol right, and
    (network, symbol) in `labelled` are read right as well.
    `allow_python` lets a program read from its file load Python, `allow_outside` consult files outside its folder.
    TooLargeError if the queries cannot be ground within the budget.
    """
    budget = budget.running()
    if not isinstance(program, Program):
        program = logic_of(program, allow_python, allow_outside, budget)
    if queries is None:
        queries = shipped_queries(program.source.name)
    terms = read_queries(queries) if isinstance(queries, str | os.PathLike) else parse_queries(queries)
    _check_known(program.source.name, known, program.networks)
    with Watch(program.source.name, f"the audit of {len(terms)} queries", budget) as watch:
        problem = problem_of(program, terms, watch)
    examination = Examination(problem, known, watch.started + budget.seconds, labelled)
    return _examine(program.source.name, problem, examination)


def audit_task(task: Task, *, known: Collection[str] = (), budget: Budget = DEFAULT) -> Audit:
    """The same of a task of rsbench, whose queries are those that training shows, each with its label."""
    _check_known(task.file, known, task.outputs)
    with Watch(task.file, f"the audit of {len(task.shown)} queries", budget.running()) as watch:
        problem = problem_of_task(task, watch)
    if not problem.variables:
        raise ProgramError(f"{task.file}: its logic mentions no symbol, so no network reads anything")
    return _examine(task.file, problem, Examination(problem, known, watch.started + budget.seconds))


def _check_known(name: str, known: Collection[str], networks: Collection[str]) -> None:
    for network in known:
        if network not in networks:
            raise ProgramError(f"{name}: has no network '{network}'{did_you_mean(network, networks)}")


def shipped_queries(program: str) -> Path:
    """Where the training queries of a program are kept; ProgramError if there are none."""
    path = Path(program).with_suffix(".queries")
    if not path.exists():
        raise ProgramError(f"{program}: has no {path.name} beside it; name a file of training queries")
    return path


def logic_of(
    program: Source | str | os.PathLike[str],
    allow_python: bool = False,
    allow_outside: bool = False,
    budget: Budget = DEFAULT,
) -> Program:
    """A program, or its file, for its logic alone: no network is ever called."""
    source = program if isinstance(program, Source) else Source.from_file(program, budget)
    networks = {p.network: nn.Identity() for p in neural_predicates(source)}
    return Program(source, networks, allow_python, allow_outside=allow_outside, budget=budget)


def with_rule(program: Program, rule: str) -> Program:
    """The program with one more clause, in its text."""
    source, guard = program.source, program.parts.guard
    longer = Source.from_string(f"{source.text}\n{rule}\n", source.name, source.root)
    return logic_of(longer, guard.allow_python, guard.allow_outside)


def _examine(name: str, problem: Problem, examination: Examination) -> Audit:
    """Count the maps, then find out about them what the time allows, the cheapest first."""
    maps, one_to_one = examination.counts()
    if problem.left_out:
        # queries that nobody has seen may rule out any map
        maps, one_to_one = Bounds(0, maps.high), Bounds(0, one_to_one.high)
    listed = in_time(examination.listed) if maps.high <= FEW else None
    return Audit(
        program=name,
        queries=problem.queries,
        left_out=problem.left_out,
        possible=examination.possible(),
        maps_bounds=maps,
        identity=examination.identity_holds(),
        one_to_one_bounds=one_to_one,
        listed=listed,
        ambiguous=in_time(examination.ambiguous),
        labels_one_to_one=in_time(examination.labels_one_to_one),
        labels=in_time(examination.labels),
        readings=in_time(lambda: examination.readings(listed)),
        problem=problem,
    )
