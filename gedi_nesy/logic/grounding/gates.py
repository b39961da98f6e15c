"""A ground formula as gates over choices, its cycles left as they are, evaluated in many worlds at once.

A set of worlds is an integer with one bit a world, so that a conjunction of a thousand worlds is one `&`. The
atoms of a cycle hold where its rules derive them: they start false, and grow until nothing changes.
"""

from collections.abc import MutableMapping, Sequence

from problog.formula import LogicFormula

from gedi_nesy.logic.grounding.cycles import components
from gedi_nesy.logic.grounding.translate import Translation
from gedi_nesy.logic.language.neural import NeuralPredicate

Worlds = int
"""A bit for each world."""


class NegativeCycleError(Exception):
    """A cycle through a negation."""


class Gates:
    """The gates of a formula. Its keys: 0 is true, None is false, and -k is the negation of k.

    `variables` and `slots` are as in a graph, `heads` says of which variable a key is which value; `roots` are the
    answers with their keys, `evidence` the keys that all is conditioned on.
    """

    def __init__(self, formula: LogicFormula, images: Sequence[str], predicates: Sequence[NeuralPredicate]):
        self.groups = components(formula)
        translation = Translation(formula, images, predicates)
        self.heads = translation.heads(self.groups)
        self.variables = tuple(translation.variables())
        self.slots = translation.slots
        self.roots: list[tuple[object, int | None]] = list(formula.queries())
        self.evidence: list[int | None] = [key for _, key in formula.evidence()]
        self.children: dict[int, tuple[int | None, ...]] = {}
        self.conjunctions: set[int] = set()
        for key in (key for group in self.groups for key in group if key not in self.heads):
            node = formula.get_node(key)
            self.children[key] = tuple(node.children)
            if type(node).__name__ == "conj":
                self.conjunctions.add(key)
        self._parents = [self._parents_within(group) for group in self.groups]

    def __len__(self) -> int:
        return len(self.heads) + len(self.children)

    def _parents_within(self, group: Sequence[int]) -> dict[int, list[int]]:
        """Of a cycle: who has to be looked at again when a gate grows. Empty where there is none."""
        parents: dict[int, list[int]] = {key: [] for key in group}
        for key in group:
            for child in self.children.get(key, ()):
                if child and abs(child) in parents:
                    if child < 0:
                        raise NegativeCycleError
                    parents[child].append(key)
        return parents if any(parents.values()) else {}

    def evaluate(
        self, held: MutableMapping[int, Worlds], possible: MutableMapping[int, Worlds], every: Worlds
    ) -> None:
        """Fill in where each gate holds for certain, and where it may hold.

        Both begin with the heads. Where all choices are made they are the same, and may be the same mapping.
        """
        for group, parents in zip(self.groups, self._parents, strict=True):
            if group[0] in self.heads:
                continue
            self._fill(group, parents, held, possible, every)
            if possible is not held:
                self._fill(group, parents, possible, held, every)

    def _fill(
        self,
        group: Sequence[int],
        parents: MutableMapping[int, list[int]],
        found: MutableMapping[int, Worlds],
        opposite: MutableMapping[int, Worlds],
        every: Worlds,
    ) -> None:
        if not parents:
            found[group[0]] = self._value(group[0], found, opposite, every)
            return
        found.update(dict.fromkeys(group, 0))
        waiting = dict.fromkeys(group)
        while waiting:
            key = next(iter(waiting))
            del waiting[key]
            value = self._value(key, found, opposite, every)
            if value != found[key]:
                found[key] = value
                waiting.update(dict.fromkeys(parents[key]))

    def _value(
        self,
        key: int,
        found: MutableMapping[int, Worlds],
        opposite: MutableMapping[int, Worlds],
        every: Worlds,
    ) -> Worlds:
        if key in self.conjunctions:
            value = every
            for child in self.children[key]:
                value &= where(child, found, opposite, every)
            return value
        value = 0
        for child in self.children[key]:
            value |= where(child, found, opposite, every)
        return value


def where(
    key: int | None, found: MutableMapping[int, Worlds], opposite: MutableMapping[int, Worlds], every: Worlds
) -> Worlds:
    """The worlds in which a key holds, by `found`; a negation holds where by `opposite` its gate does not."""
    if key is None:
        return 0
    if key == 0:
        return every
    return found[key] if key > 0 else every ^ opposite[-key]
