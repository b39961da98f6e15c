"""The cycles of a ground formula, as rules whose least fixpoint is meant."""

from collections.abc import Callable, Iterable, Sequence

from problog.formula import LogicFormula

from gedi_nesy.logic.grounding.fixpoint import Rule
from gedi_nesy.logic.grounding.graph import TRUE

MOST_OUTPUTS = 100
"""Nodes of a cycle that others use, each of which is a fixpoint of its own."""


class CycleError(Exception):
    """A cycle that is no set of definite rules, or that too many nodes use."""


def components(formula: LogicFormula) -> list[list[int]]:
    """The keys below the queries and the evidence by strongly connected components, children first (Tarjan, 1972)."""
    found: list[list[int]] = []
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root in [abs(key) for _, key in [*formula.queries(), *formula.evidence()] if key]:
        if root in number:
            continue
        stack = [(root, iter(_below(formula, root)))]
        number[root] = lowest[root] = len(number)
        path.append(root)
        on_path.add(root)
        while stack:
            key, waiting = stack[-1]
            for child in waiting:
                if child not in number:
                    number[child] = lowest[child] = len(number)
                    path.append(child)
                    on_path.add(child)
                    stack.append((child, iter(_below(formula, child))))
                    break
                if child in on_path:
                    lowest[key] = min(lowest[key], number[child])
            else:
                stack.pop()
                if stack:
                    lowest[stack[-1][0]] = min(lowest[stack[-1][0]], lowest[key])
                if lowest[key] == number[key]:
                    component = [path.pop()]
                    while component[-1] != key:
                        component.append(path.pop())
                    on_path.difference_update(component)
                    found.append(component)
    return found


def _below(formula: LogicFormula, key: int) -> list[int]:
    return [abs(child) for child in getattr(formula.get_node(key), "children", ()) if child]


class Cycles:
    """The components of a formula that are cycles; keys of nodes are those of the formula."""

    def __init__(self, formula: LogicFormula, groups: Sequence[Sequence[int]]):
        self.formula = formula
        self.owner = {key: number for number, group in enumerate(groups) for key in group}
        self.used: set[int] = {abs(key) for _, key in [*formula.queries(), *formula.evidence()] if key}
        for key, number in self.owner.items():
            self.used.update(child for child in _below(formula, key) if self.owner[child] != number)

    def outputs(self, group: Iterable[int]) -> list[int]:
        """The nodes of a cycle that something else uses; CycleError if they are too many."""
        found = [key for key in sorted(group) if key in self.used]
        if len(found) > MOST_OUTPUTS:
            raise CycleError
        return found

    def rules(self, group: Sequence[int], lookup: Callable[[int], int]) -> list[Rule]:
        """A rule for each child of a disjunction, and one for each conjunction that is an output.

        `lookup` gives the graph's node of a key outside the cycle. CycleError where a cycle goes through a
        negation, or through conjunctions alone.
        """
        inside = set(group)
        bodies: dict[int, tuple[frozenset[int], frozenset[int]]] = {}

        def body(key: int, above: frozenset[int] = frozenset()) -> tuple[frozenset[int], frozenset[int]]:
            """Atoms and conditions of a child, with the conjunctions of the cycle written out."""
            if abs(key) not in inside:
                return frozenset(), frozenset({lookup(key)} - {TRUE})
            if key < 0 or key in above:
                raise CycleError
            if self._is_disjunction(key):
                return frozenset({key}), frozenset()
            if key not in bodies:
                parts = [body(child, above | {key}) for child in self.formula.get_node(key).children]
                bodies[key] = (
                    frozenset().union(*(atoms for atoms, _ in parts)),
                    frozenset().union(*(conditions for _, conditions in parts)),
                )
            return bodies[key]

        found = []
        for key in group:
            children = self.formula.get_node(key).children if self._is_disjunction(key) else [key]
            if self._is_disjunction(key) or key in self.used:
                for child in children:
                    atoms, conditions = body(child)
                    found.append(Rule(key, tuple(sorted(atoms)), tuple(sorted(conditions))))
        return found

    def _is_disjunction(self, key: int) -> bool:
        return type(self.formula.get_node(key)).__name__ == "disj"
