"""Outputs of a network that no constraint tells apart: exchanging them sends solutions to solutions."""

from collections.abc import Sequence

import numpy as np

from gedi_nesy.audit.constraints import CircuitConstraint, Constraint
from gedi_nesy.audit.tables import RowsConstraint, TableConstraint


def interchangeable(constraints: Sequence[Constraint], group: Sequence[int], outputs: int) -> list[list[int]]:
    """The outputs in classes: any two of one class may be exchanged, in all variables of the group at once.

    Exchanging is transitive, so an output is compared with one of each class. No two share a class where a
    constraint is a circuit, which nobody looks through.
    """
    own = [each for each in constraints if not set(group).isdisjoint(each.scope)]
    if any(isinstance(each, CircuitConstraint) for each in own):
        return [[output] for output in range(outputs)]
    tables = [each for each in own if isinstance(each, TableConstraint | RowsConstraint)]
    classes: list[list[int]] = []
    for output in range(outputs):
        for each in classes:
            if all(_unchanged(table, group, each[0], output) for table in tables):
                each.append(output)
                break
        else:
            classes.append([output])
    return classes


def _unchanged(table: TableConstraint | RowsConstraint, group: Sequence[int], one: int, other: int) -> bool:
    """Whether a table stays the same when two outputs change places in all columns of the group."""
    columns = [column for column, variable in enumerate(table.scope) if variable in group]
    if any(max(one, other) >= table.shape[column] for column in columns):
        return False
    before = np.ravel_multi_index(tuple(table.rows.T), table.shape)
    rows = table.rows.copy()
    for column in columns:
        values = table.rows[:, column]
        rows[:, column] = np.where(values == one, other, np.where(values == other, one, values))
    return np.array_equal(np.sort(before), np.sort(np.ravel_multi_index(tuple(rows.T), table.shape)))
