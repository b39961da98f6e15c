"""Constraints in a form that prunes further and is looked through faster."""

import math
import time
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool

from gedi_nesy.audit.constraints import CircuitConstraint, Constraint
from gedi_nesy.audit.tables import RowsConstraint, TableConstraint
from gedi_nesy.logic.errors import TooLargeError

MOST_CELLS = 100_000
"""A circuit becomes a table where that has no more cells."""


def simplified(
    constraints: Sequence[Constraint], sizes: Sequence[int], deadline: float
) -> tuple[Constraint, ...]:
    """The same in fewer constraints: conjuncts apart, as tables, one for each scope.

    `sizes` has the number of outputs of every variable. TooLargeError after the deadline, by `time.monotonic()`.
    """
    others: list[Constraint] = []
    tables: dict[tuple[int, ...], Bool[np.ndarray, "*output"]] = {}
    for part in dict.fromkeys(_parts(constraints)):
        if time.monotonic() > deadline:
            raise TooLargeError("the maps are too many to count")
        small = math.prod(sizes[variable] for variable in part.scope) <= MOST_CELLS
        table = _table(part, sizes) if small else part
        if not isinstance(table, TableConstraint):
            others.append(table)
            continue
        scope = tuple(sorted(table.scope))
        allowed = table.allowed.transpose([table.scope.index(variable) for variable in scope])
        # of no variable at all, numpy makes a number
        tables[scope] = np.asarray(allowed & tables[scope]) if scope in tables else allowed
    kept = [TableConstraint(scope, allowed) for scope, allowed in tables.items() if not allowed.all()]
    return (*kept, *others)


def _table(constraint: Constraint, sizes: Sequence[int]) -> Constraint:
    match constraint:
        case CircuitConstraint():
            return constraint.table(sizes)
        case RowsConstraint():
            return constraint.table()
    return constraint


def _parts(constraints: Iterable[Constraint]) -> Iterable[Constraint]:
    for constraint in constraints:
        yield from constraint.parts() if isinstance(constraint, CircuitConstraint) else (constraint,)
