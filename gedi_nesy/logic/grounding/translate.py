"""ProbLog's ground formula, with its annotated disjunctions as constraints, rewritten as a graph over
multi-valued variables.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from problog.formula import LogicFormula
from problog.logic import Term, term2list

from gedi_nesy.logic.grounding.cycles import Cycles, components
from gedi_nesy.logic.grounding.fixpoint import least_fixpoint
from gedi_nesy.logic.grounding.front_end import image_term
from gedi_nesy.logic.grounding.graph import (
    FALSE,
    TRUE,
    ConstantWeight,
    Graph,
    LearnableWeight,
    NeuralWeight,
    Variable,
    Weight,
)
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.guarded_builtins import arithmetic_value
from gedi_nesy.logic.language.learnable import key_of
from gedi_nesy.logic.language.neural import NeuralPredicate


class Translation:
    """One LogicFormula being rewritten as a Graph; `slots` lists the network outputs it needs."""

    def __init__(
        self,
        formula: LogicFormula,
        images: Sequence[str],
        predicates: Sequence[NeuralPredicate],
    ):
        self.formula = formula
        self.images = {image_term(index): name for index, name in enumerate(images)}
        self.predicates = predicates
        self.slots: list[Slot] = []
        self.groups: dict[object, int] = {}
        self.members: list[list[tuple[str, Weight]]] = []

    def graph(self, check: Callable[[int], None]) -> tuple[Graph, dict[int, int]]:
        """The graph, and where each of the formula's nodes went; `check` is told how much a cycle takes.

        CycleError, TooManyStatesError: the formula has a cycle that has to be broken first.
        """
        groups = components(self.formula)
        position = self.heads(groups)
        graph = Graph(self.variables())
        translated: dict[int, int] = {}
        cycles = Cycles(self.formula, groups)
        for group in groups:
            key, node = group[0], self.formula.get_node(group[0])
            if len(group) > 1 or key in getattr(node, "children", ()):
                found = cycles.rules(group, lambda child: self.lookup(graph, translated, child))
                for output in cycles.outputs(group):
                    translated[output] = least_fixpoint(graph, found, output, check)
            elif key in position:
                variable, value = position[key]
                translated[key] = graph.literal(variable, 1 << value)
            else:
                children = [self.lookup(graph, translated, child) for child in node.children]
                combine = graph.conjunction if type(node).__name__ == "conj" else graph.disjunction
                translated[key] = combine(children)
        return graph, translated

    def heads(self, groups: Iterable[Iterable[int]]) -> dict[int, tuple[int, int]]:
        """The variable and the value of every choice among the formula's keys."""
        nodes = [(key, self.formula.get_node(key)) for group in groups for key in group]
        position = {key: self._add_head(key, node) for key, node in nodes if not hasattr(node, "children")}
        self._sort_slots()
        return position

    def variables(self) -> list[Variable]:
        """What the heads met so far are values of."""
        return [Variable(*map(tuple, zip(*members, strict=True))) for members in self.members]

    def _sort_slots(self) -> None:
        """Slots in the order of the query's images, rather than in the order of its proofs."""
        names = list(self.images.values())
        order = sorted(
            range(len(self.slots)), key=lambda i: [names.index(name) for name in self.slots[i].images]
        )
        self.slots = [self.slots[i] for i in order]
        place = {old: new for new, old in enumerate(order)}
        for members in self.members:
            for i, (name, weight) in enumerate(members):
                if isinstance(weight, NeuralWeight):
                    members[i] = name, NeuralWeight(place[weight.slot], weight.output)

    @staticmethod
    def lookup(graph: Graph, translated: Mapping[int, int], key: int | None) -> int:
        """The graph node of a formula key, where 0 is true, None is false and negative keys are negations."""
        if key is None:
            return FALSE
        if key == 0:
            return TRUE
        return translated[key] if key > 0 else graph.negation(translated[-key])

    def _add_head(self, key: int, node: Any) -> tuple[int, int]:
        group = node.group if node.group is not None else ("fact", key)
        if group not in self.groups:
            self.groups[group] = len(self.members)
            self.members.append([])
        variable = self.groups[group]
        atom = self._atom(node).apply_term({image: Term(name) for image, name in self.images.items()})
        self.members[variable].append((str(atom), self._weight(node)))
        return variable, len(self.members[variable]) - 1

    def _weight(self, node: Any) -> Weight:
        probability = node.probability
        if isinstance(probability, Term) and probability.functor == "nn":
            return self._neural_weight(node, probability)
        if isinstance(probability, Term) and probability.functor == "t":
            return LearnableWeight(int(probability.args[0]), key_of(probability))
        return ConstantWeight(float(arithmetic_value(probability)))

    def _neural_weight(self, node: Any, probability: Any) -> Weight:
        network = str(probability.args[0])
        inputs = tuple(term2list(probability.args[1], deep=False))
        term = self._atom(node)
        predicate = next(
            (
                p
                for p in self.predicates
                if (p.name, p.arity, p.network) == (term.functor, term.arity, network)
            ),
            None,
        )
        assert predicate is not None, f"no neural predicate declares {term}"
        slots = [(slot.network, slot.inputs) for slot in self.slots]
        if (network, inputs) not in slots:
            images = tuple(self.images[term] for term in inputs if term in self.images)
            self.slots.append(Slot(network, inputs, images, predicate.name, predicate.domain))
            slots.append((network, inputs))
        output = int(probability.args[2]) if probability.arity == 3 else 0
        return NeuralWeight(slots.index((network, inputs)), output)

    def _atom(self, node: Any) -> Any:
        """The program's own atom; ProbLog wraps a choice of a disjunction as choice(_, _, atom, ...)."""
        name = node.name
        return name.args[2] if name.functor == "choice" and node.group is not None else name
