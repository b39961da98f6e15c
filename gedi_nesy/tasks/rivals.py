"""Which other readings of the symbols satisfy what networks read: the audit of a program, without a label.

The audit needs to know the true symbols in the queries. Here those that are read stand for them: if these are right up
to a renaming, the maps that it finds are the renamings that the queries admit.
"""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from problog.logic import Constant, Term
from torch import nn

from gedi_nesy.audit.constraints import CircuitConstraint, QueryConstraint
from gedi_nesy.audit.examination import ConceptMap, Examination, LabelSet, in_time
from gedi_nesy.audit.labelled_queries import MapVariable, Problem, problem_of
from gedi_nesy.data.queries import TaskData
from gedi_nesy.logic import Program
from gedi_nesy.logic.budget import Budget, Watch
from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.grounding.front_end import substitute
from gedi_nesy.logic.grounding.graph import Literal
from gedi_nesy.logic.language.source import parse_query
from gedi_nesy.tasks.programs import CompiledTemplate, TaskLogProb
from gedi_nesy.tasks.readings import Readings
from gedi_nesy.tasks.truth_tables import Pattern, problem_by_tables

SECONDS = 20.0
"""What the audit may take."""

SHOWN = 8
"""Readings that are listed."""

Symbols = tuple[tuple[str, int], ...]
"""What networks read of one image: (network, cluster) each."""


class Rivals(NamedTuple):
    """How many readings there are, this one included, and which labels would leave it alone: the smallest sets."""

    readings: int | None
    """None: they could not be counted"""
    labels: tuple[LabelSet, ...] | None
    """(network, symbol) each, as `symbols` has them"""
    symbols: dict[tuple[str, str], int]
    """the cluster that a symbol is"""
    maps: tuple[ConceptMap, ...] = ()
    """some of the readings, `SHOWN` at the most"""


def rivals(
    data: TaskData,
    log_prob: TaskLogProb,
    readings: Sequence[Readings],
    known: Collection[tuple[str, int]] = (),
    seconds: float = SECONDS,
) -> Rivals:
    """Count them, within so many seconds; what labels say of the `known` clusters, (network, cluster), is settled."""
    deadline, patterns = time.monotonic() + seconds, _patterns(data, readings)
    try:
        problem, clusters = problem_by_tables(log_prob, patterns, deadline) or _problem(
            data, log_prob, patterns, seconds
        )
    except (ProgramError, TooLargeError):
        # too large, or a program whose networks have no symbols to be renamed: there is no audit of it
        return Rivals(None, None, {})
    problem = replace(problem, constraints=(*problem.constraints, *_settled(problem, clusters, known)))
    found = Examination(problem, (), deadline)
    return Rivals(
        in_time(found.count_one_to_one),
        in_time(found.labels_one_to_one),
        clusters,
        in_time(lambda: found.some_one_to_one(SHOWN)) or (),
    )


def _settled(
    problem: Problem, clusters: Mapping[tuple[str, str], int], known: Collection[tuple[str, int]]
) -> list[CircuitConstraint]:
    """Each labelled symbol means what its label says."""
    found = []
    for place, variable in enumerate(problem.variables):
        cluster = clusters[variable.network, variable.symbol]
        if (variable.network, cluster) in known:
            found.append(CircuitConstraint((place,), (Literal(place, 1 << cluster),)))
    return found


def _patterns(data: TaskData, readings: Sequence[Readings]) -> list[Pattern]:
    """What is read where it holds; the rarest are left out, as many as queries do not hold.

    Where images are misread, queries hold by chance now and then: such patterns would rule out what the true ones
    admit, and they are rare.
    """
    counts: Counter[Pattern] = Counter()
    failed = 0
    for place, (template, each) in enumerate(zip(data.templates, readings, strict=True)):
        answers = template.answers.tolist() or [None] * len(template.indices)
        for symbols, answer, held in zip(each.symbols.T.tolist(), answers, each.held.tolist(), strict=True):
            failed += not held
            counts.update([Pattern(place, tuple(symbols), answer)] * held)
    kept = list(counts)
    for pattern, count in sorted(counts.items(), key=lambda pair: pair[1]):
        failed -= count
        if failed < 0:
            break
        kept.remove(pattern)
    return kept


def _problem(
    data: TaskData,
    log_prob: TaskLogProb,
    patterns: Sequence[Pattern],
    seconds: float,
) -> tuple[Problem, dict[tuple[str, str], int]]:
    """One problem of all programs: a variable for each symbol that a network reads, whatever others read there."""
    names: dict[str, Symbols] = {}
    by_file: dict[str, list[Term]] = {}
    for pattern in patterns:
        term = _term(data, log_prob.templates[pattern.template], pattern, names)
        by_file.setdefault(log_prob.templates[pattern.template].program, []).append(term)
    variables: dict[tuple[str, int], MapVariable] = {}
    constraints: list[QueryConstraint] = []
    queries: list[str] = []
    for file, terms in by_file.items():
        own = _of_file(file, log_prob, terms, seconds)
        numbers = []
        for variable in own.variables:
            cluster = dict(names[variable.symbol])[variable.network]
            if cluster >= len(variable.outputs):
                raise ProgramError(f"{file}: {variable.network} has a cluster that stands for no symbol")
            known = variables.get((variable.network, cluster))
            variables[variable.network, cluster] = replace(
                variable,
                symbol=variable.outputs[cluster],
                frequency=variable.frequency + (known.frequency if known else 0),
            )
            numbers.append(list(variables).index((variable.network, cluster)))
        constraints += [each.renamed(numbers) for each in own.constraints]
        queries += own.queries
    clusters = {(network, each.symbol): cluster for (network, cluster), each in variables.items()}
    return Problem(tuple(variables.values()), tuple(queries), tuple(constraints)), clusters


def _of_file(file: str, log_prob: TaskLogProb, terms: Sequence[Term], seconds: float) -> Problem:
    place = log_prob.programs.index(file)
    networks = dict.fromkeys(
        (name for each in log_prob.templates for name, _ in each.readings), nn.Identity()
    )
    program = Program.from_file(file, networks=networks)
    program.learnable.load_state_dict(log_prob.facts[place].state_dict())
    with Watch(file, f"the audit of {len(terms)} queries", Budget(seconds=seconds)) as watch:
        return problem_of(program, terms, watch)


def _term(data: TaskData, compiled: CompiledTemplate, pattern: Pattern, names: dict[str, Symbols]) -> Term:
    """The query with a name in place of each image, which says what is read of it."""
    read: dict[str, dict[str, int]] = {}
    for (network, image), symbol in zip(compiled.readings, pattern.symbols, strict=True):
        read.setdefault(image, {})[network] = symbol
    values: dict[str, Term] = {}
    for image, symbols in read.items():
        own = tuple(sorted(symbols.items()))
        name = "image_" + "_".join(
            f"{list(data.networks).index(network)}_{symbol}" for network, symbol in own
        )
        names[name] = own
        values[image] = Term(name)
    if pattern.answer is not None:
        assert compiled.query.answer is not None
        values[compiled.query.answer] = _as_term(compiled.query.answers[pattern.answer])
    values |= {image: Term("unread") for image in compiled.query.images if image not in values}
    return substitute(parse_query(compiled.query.text), values)


def _as_term(answer: object) -> Term:
    return answer if isinstance(answer, Term) else Constant(answer)
