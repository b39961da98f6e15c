"""The audit of what networks read, from the templates that are compiled already: each as the table of what holds.

A template of m readings has a cell for each of its K^m worlds. Where that is too much, programs are ground anew
(`rivals`).
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool

from gedi_nesy.audit.labelled_queries import MapVariable, Problem
from gedi_nesy.audit.tables import TableConstraint
from gedi_nesy.logic.errors import TooLargeError
from gedi_nesy.tasks.programs import CompiledTemplate, TaskLogProb, domains
from gedi_nesy.tasks.readings import answers_that_hold
from gedi_nesy.tasks.task import Queries

MOST_WORLDS = 200_000
"""Of a template."""


@dataclass(frozen=True)
class Pattern:
    """A query with what is read in place of its images."""

    template: int
    symbols: tuple[int, ...]
    answer: int | None


def problem_by_tables(
    log_prob: TaskLogProb, patterns: Sequence[Pattern], deadline: float
) -> tuple[Problem, dict[tuple[str, str], int]] | None:
    """A variable for each symbol that a network reads, a constraint for each pattern; and the clusters of the symbols.

    None where some template has too many worlds, or a network whose outputs mean nothing. TooLargeError when it is
    later than `deadline`, by `time.monotonic()`.
    """
    known = domains([Queries(program, "", {}) for program in log_prob.programs])
    names = {name: tuple(str(value) for value in each.values) for name, each in known.items()}
    used = dict.fromkeys(pattern.template for pattern in patterns)
    if not used:
        return None
    tables = {}
    for place in used:
        compiled = log_prob.templates[place]
        sizes = [len(names[network]) for network, _ in compiled.readings]
        if not all(sizes) or math.prod(sizes) > MOST_WORLDS:
            return None
        tables[place] = _table(compiled, sizes, deadline)
    read = Counter(
        (network, cluster)
        for pattern in patterns
        for (network, _), cluster in zip(
            log_prob.templates[pattern.template].readings, pattern.symbols, strict=True
        )
    )
    places = {key: place for place, key in enumerate(read)}
    variables = tuple(
        MapVariable(network, names[network][cluster], names[network], count)
        for (network, cluster), count in read.items()
    )
    constraints = []
    for pattern in patterns:
        readings = log_prob.templates[pattern.template].readings
        scope = [
            places[network, cluster] for (network, _), cluster in zip(readings, pattern.symbols, strict=True)
        ]
        table = tables[pattern.template][..., pattern.answer or 0]
        constraints.append(TableConstraint(tuple(range(len(scope))), table).renamed(scope))
    clusters = {
        (each.network, each.symbol): cluster for each, (_, cluster) in zip(variables, read, strict=True)
    }
    return Problem(variables, tuple(map(str, patterns)), tuple(constraints)), clusters


def _table(
    compiled: CompiledTemplate, sizes: Sequence[int], deadline: float
) -> Bool[np.ndarray, "*world answer"]:
    """Which answers hold in each world; without answers one column."""
    worlds = torch.from_numpy(np.indices(sizes).reshape(len(sizes), -1))
    found = []
    for _, answered in answers_that_hold(compiled, worlds, sizes):
        if time.monotonic() > deadline:
            raise TooLargeError("the worlds of a query are too many to go through")
        found.append(answered.cpu().numpy())
    return np.concatenate(found).reshape(*sizes, -1)
