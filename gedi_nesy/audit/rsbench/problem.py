"""A task of rsbench as a problem that is counted: a map variable a concept, a table a query. No program is ground."""

import math
from collections import Counter

import numpy as np
from jaxtyping import Bool

from gedi_nesy.audit.labelled_queries import MapVariable, Problem
from gedi_nesy.audit.rsbench.expression import Values
from gedi_nesy.audit.rsbench.program import groups_read, label_of, query_of
from gedi_nesy.audit.rsbench.task import Task
from gedi_nesy.audit.tables import TableConstraint
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.errors import ProgramError

MOST_WORLDS = 1_000_000
"""Of a query."""


def problem_of_task(task: Task, watch: Watch) -> Problem:
    """What the maps of a task have to satisfy; ProgramError where one query reads too many concepts."""
    read = [place for place, used in enumerate(_used(task)) if used]
    networks = task.networks
    frequency = Counter((networks[place], shown[place]) for shown in task.shown for place in read)
    order = {
        (network, symbol): (list(task.outputs).index(network), rank)
        for network, outputs in task.outputs.items()
        for rank, symbol in enumerate(outputs)
    }
    keys = sorted(frequency, key=order.__getitem__)
    number = {key: index for index, key in enumerate(keys)}
    variables = tuple(
        MapVariable(network, symbol, tuple(task.outputs[network]), frequency[network, symbol])
        for network, symbol in keys
    )
    constraints = []
    for done, shown in enumerate(task.shown):
        watch.check(done)
        places = [
            number[networks[place], shown[place]] if place in read else None for place in range(len(shown))
        ]
        constraints.append(_constraint(task, shown, places))
    return Problem(variables, tuple(query_of(task, shown) for shown in task.shown), tuple(constraints))


def _used(task: Task) -> list[bool]:
    """Whether each image has a say in the label; those that have none are not read."""
    used = []
    for group, read in zip(task.groups, groups_read(task), strict=True):
        mentioned = [read and symbol in group.rule.symbols() for symbol in group.symbols]
        used += [*mentioned, *[False] * (len(group.networks) - len(mentioned))]
    return used


def _constraint(task: Task, shown: tuple[str, ...], places: list[int | None]) -> TableConstraint:
    scope = list(dict.fromkeys(place for place in places if place is not None))
    networks = dict(zip(places, task.networks, strict=True))
    codes = [list(task.outputs[networks[variable]].values()) for variable in scope]
    shape = [len(each) for each in codes]
    if math.prod(shape) > MOST_WORLDS:
        raise ProgramError(
            f"{task.file}: {query_of(task, shown)} shows {len(scope)} concepts, whose {math.prod(shape):,} readings are"
            f" too many to go through ({MOST_WORLDS:,})"
        )
    grids = np.meshgrid(*map(np.array, codes), indexing="ij") if scope else []
    worlds: dict[int | None, Values] = dict(zip(scope, grids, strict=True))
    label = label_of(task, [worlds.get(place, np.asarray(0)) for place in places])
    true = label_of(task, _codes(task, shown))
    holds: Bool[np.ndarray, "*output"] = np.ones(shape, dtype=bool)
    for given, wanted in zip(label, true, strict=True):
        holds = holds & (given == wanted)
    return TableConstraint(tuple(scope), np.asarray(holds))


def _codes(task: Task, shown: tuple[str, ...]) -> list[Values]:
    return [
        np.asarray(task.outputs[network][symbol])
        for network, symbol in zip(task.networks, shown, strict=True)
    ]
