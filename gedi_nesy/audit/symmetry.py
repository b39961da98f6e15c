"""Outputs of a network that no constraint tells apart: exchanging them sends solutions to solutions."""

from collections.abc import Sequence

import numpy as np

from gedi_nesy.audit.constraints import CircuitConstraint, Constraint, TableConstraint


def interchangeable(constraints: Sequence[Constraint], group: Sequence[int], outputs: int) -> list[list[int]]:
    """The outputs in classes: any two of one class may be exchanged, in all variables of the group at once.

    Exchanging is transitive, so an output is compared with one of each class. No two share a class where a
    constraint is a circuit, which nobody looks through.
    """
    own = [each for each in constraints if not set(group).isdisjoint(each.scope)]
    if any(isinstance(each, CircuitConstraint) for each in own):
        return [[output] for output in range(outputs)]
    tables = [each for each in own if isinstance(each, TableConstraint)]
    classes: list[list[int]] = []
    for output in range(outputs):
        for each in classes:
            if all(_unchanged(table, group, each[0], output) for table in tables):
                each.append(output)
                break
        else:
            classes.append([output])
    return classes


def _unchanged(table: TableConstraint, group: Sequence[int], one: int, other: int) -> bool:
    """Whether a table stays the same when two outputs change places along all axes of the group."""
    changed = table.allowed
    for axis, variable in enumerate(table.scope):
        if variable in group:
            order = list(range(changed.shape[axis]))
            if max(one, other) >= len(order):
                return False
            order[one], order[other] = other, one
            changed = changed.take(order, axis=axis)
    return bool(np.array_equal(changed, table.allowed))
