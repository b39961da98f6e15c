"""The audit in a benchmark's report: what the queries leave open, and which of the maps a network learned."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Int
from problog.logic import Constant

from benchmarks.shortcuts.tasks import TASKS, TaskName
from gedi_nesy.audit.shortcuts import Audit, audit
from gedi_nesy.audit.text import landed, verdict
from gedi_nesy.logic import Budget, ProgramError
from gedi_nesy.logic.grounding.front_end import substitute
from gedi_nesy.logic.language.source import parse_query
from gedi_nesy.metrics import clustering

BUDGET = Budget(seconds=20.0)


def written_queries(query: str, names: Sequence[str], rows: Sequence[Sequence[int]]) -> list[str]:
    """Queries with numbers in place of their variables: true symbols for images, and answers."""
    term = parse_query(query)
    return [str(substitute(term, dict(zip(names, map(Constant, row), strict=True)))) for row in rows]


def audited(program: Path, queries: Sequence[str]) -> tuple[Audit | None, str]:
    """The audit of a benchmark's own training queries, and its verdict; no audit where there cannot be one, and why."""
    try:
        found = audit(program, queries, budget=BUDGET)
    except ProgramError as error:
        return None, f"No audit: {error}"
    return found, verdict(found)


def as_results(found: Audit | None, sentence: str) -> dict:
    """What results.json keeps of an audit."""
    counts = {"maps": None, "one_to_one": None, "identity": None}
    if found is not None:
        counts = {"maps": found.maps, "one_to_one": found.one_to_one, "identity": found.identity}
    return {**counts, "verdict": sentence}


def learned(
    found: Audit | None,
    labels: Int[np.ndarray, " image"],
    predictions: Int[np.ndarray, " image"],
    classes: int,
) -> dict:
    """The map that a network learned: what it outputs for most images of each symbol that the queries show.

    `number` is its place in the audit's list, None if it is not there; `broken` counts the queries it does not satisfy.
    """
    if found is None:
        return {}
    most = clustering.confusion_matrix(labels, predictions, classes).argmax(axis=1)
    outputs: dict[str, dict[str, str]] = {}
    for variable in found.problem.variables:
        outputs.setdefault(variable.network, {})[variable.symbol] = variable.outputs[
            most[int(variable.symbol)]
        ]
    return {
        "map": outputs,
        "number": found.number(outputs),
        "broken": len(found.broken(outputs)),
        "sentence": landed(found, outputs),
    }


@cache
def of_task(name: TaskName) -> tuple[Audit | None, str]:
    """The audit of what training shows: every pattern of the task. Once in every process."""
    task = TASKS[name]
    names = [*task.images, *([task.answer] if task.answer else [])]
    rows = [(*pattern, *([task.answer_of(pattern)] if task.answer else [])) for pattern in task.shown]
    return audited(task.program, written_queries(task.query, names, rows))
