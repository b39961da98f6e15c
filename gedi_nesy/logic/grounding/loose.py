"""Gates in rows, and what holds in many partial worlds at once, where only some choices are made.

Nothing is compiled, so this is linear in the ground program, however hard its probabilities are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from gedi_nesy.logic.grounding.gates import Gates

Key = int | None
"""A node's number, from 1; the negative of it is its negation, 0 is true, None is false."""


@dataclass(frozen=True)
class Rule:
    """A node that is a choice (`row` is its value's among those of all variables), a conjunction or a disjunction."""

    row: int
    conjunction: bool
    children: tuple[Key, ...]


@dataclass(frozen=True)
class LooseProgram:
    """Nodes in groups, those first on which others depend; a group of several is a cycle, whose least model is meant.

    `starts` says where the values of each variable begin.
    """

    starts: Int[np.ndarray, " variable"]
    rules: tuple[Rule, ...]
    groups: tuple[tuple[int, ...], ...]
    queries: tuple[tuple[object, Key], ...]
    evidence: tuple[Key, ...]


def loose_program(gates: Gates) -> LooseProgram:
    """Gates, renumbered in the order in which they depend on one another, over rows of values."""
    sizes = [len(variable.weights) + 1 for variable in gates.variables]
    starts = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    number = {key: place for place, key in enumerate((key for group in gates.groups for key in group), 1)}

    def renamed(key: Key) -> Key:
        return key if not key else number[key] if key > 0 else -number[-key]

    rules = []
    for key in number:
        row = starts[gates.heads[key][0]] + gates.heads[key][1] if key in gates.heads else -1
        children = tuple(renamed(child) for child in gates.children.get(key, ()))
        rules.append(Rule(int(row), key in gates.conjunctions, children))
    return LooseProgram(
        starts=starts,
        rules=tuple(rules),
        groups=tuple(tuple(number[key] - 1 for key in group) for group in gates.groups),
        queries=tuple((term, renamed(key)) for term, key in gates.roots),
        evidence=tuple(renamed(key) for key in gates.evidence),
    )


@dataclass(frozen=True)
class Held:
    """Which nodes hold for certain, and which may hold, in a batch of partial worlds."""

    certain: Bool[np.ndarray, "node batch"]
    possible: Bool[np.ndarray, "node batch"]

    def of(self, key: Key) -> tuple[Bool[np.ndarray, " batch"], Bool[np.ndarray, " batch"]]:
        """The same of a key."""
        if not key:
            value = np.full(self.certain.shape[1], key == 0)
            return value, value
        if key > 0:
            return self.certain[key - 1], self.possible[key - 1]
        return ~self.possible[-key - 1], ~self.certain[-key - 1]

    def all_of(self, keys: Sequence[Key]) -> tuple[Bool[np.ndarray, " batch"], Bool[np.ndarray, " batch"]]:
        """Whether all of them hold for certain, and may hold as far as each alone can tell."""
        pairs = [self.of(key) for key in keys] or [self.of(0)]
        certain, possible = zip(*pairs, strict=True)
        return np.logical_and.reduce(certain), np.logical_and.reduce(possible)


def what_holds(program: LooseProgram, allowed: Bool[np.ndarray, "value batch"]) -> Held:
    """By three-valued logic, where every variable has one of its values that are allowed."""
    shape = (len(program.rules), allowed.shape[1])
    held = Held(np.zeros(shape, bool), np.zeros(shape, bool))
    choices = (
        np.add.reduceat(allowed, program.starts, axis=0, dtype=np.int64) if len(program.starts) else allowed
    )
    owner = np.searchsorted(program.starts, np.arange(len(allowed)), side="right") - 1
    for group in program.groups:
        changed = True
        while changed:
            changed = False
            for node in group:
                rule = program.rules[node]
                if rule.row >= 0:
                    possible = allowed[rule.row]
                    certain = possible & (choices[owner[rule.row]] == 1)
                else:
                    certain, possible = _combined(held, rule)
                if len(group) > 1 and not changed:
                    changed = bool(
                        (certain != held.certain[node]).any() or (possible != held.possible[node]).any()
                    )
                held.certain[node], held.possible[node] = certain, possible
    return held


def _combined(held: Held, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    if rule.conjunction:
        return held.all_of(rule.children)
    pairs = [held.of(child) for child in rule.children]
    certain, possible = zip(*pairs, strict=True)
    return np.logical_or.reduce(certain), np.logical_or.reduce(possible)
