"""A ground query as a constraint on maps: its circuit, with literals on map variables alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gedi_nesy.audit.constraints import CircuitConstraint, Node
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.grounding.graph import (
    And,
    Constant,
    Graph,
    Literal,
    NeuralWeight,
    Not,
    Or,
    Variable,
)
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.program import Program


def output_names(slot: Slot) -> tuple[str, ...]:
    """What the network of a slot may say of what it reads."""
    return tuple(map(str, slot.domain)) or ("true", "false")


@dataclass(frozen=True)
class Choice:
    """One choice of the ground program: its map variable and the outputs behind each of its values, as masks.

    A choice that no network makes has no map variable, and -1 or 0 for a value that is possible or not.
    """

    variable: int | None
    outputs: tuple[int, ...]

    def literal(self, values: int) -> Node:
        """The node that says that the value lies in this mask."""
        mask = 0
        for value, outputs in enumerate(self.outputs):
            mask |= outputs if values >> value & 1 else 0
        if self.variable is not None:
            return Literal(self.variable, mask)
        return And(()) if mask else Or(())


def choice_of(variable: Variable, slots: Sequence[Slot], of_slot: Sequence[int], program: Program) -> Choice:
    """What a choice of the ground program says of the maps."""
    neural = [weight for weight in variable.weights if isinstance(weight, NeuralWeight)]
    if not neural:
        leaves = LeafWeights([variable], [(0, value) for value in range(len(variable.weights) + 1)])
        like = torch.zeros(1, 1, dtype=torch.float64)
        log_probs = leaves([], program.learnable().detach().to(like), 1, like)[:, 0]
        # what is left of 1 may be rounding
        return Choice(None, tuple(-1 if possible else 0 for possible in (log_probs.exp() > 1e-12).tolist()))
    outputs = [1 << weight.output for weight in neural]
    rest = (1 << len(output_names(slots[neural[0].slot]))) - 1 - sum(outputs)
    return Choice(of_slot[neural[0].slot], (*outputs, rest))


def is_monotone(graph: Graph, roots: Sequence[int]) -> bool:
    """No negation, and no choice but those of networks: then a graph narrows domains as it stands, if not as far."""
    nodes = [graph.nodes[index] for index in graph.reachable(roots)]
    literals = {node.variable for node in nodes if isinstance(node, Literal)}
    negated = any(isinstance(node, Not) for node in nodes)
    return not negated and all(
        any(isinstance(weight, NeuralWeight) for weight in graph.variables[variable].weights)
        for variable in literals
    )


def constraint_of(graph: Graph, root: int, choices: Sequence[Choice]) -> CircuitConstraint:
    """What is below a root, its choices replaced by what they say of the maps."""
    place: dict[int, int] = {}
    own: list[Node] = []
    for index in graph.reachable([root]):
        place[index] = len(own)
        match graph.nodes[index]:
            case Literal(variable, values):
                own.append(choices[variable].literal(values))
            case Constant(value):
                own.append(And(()) if value else Or(()))
            case And(children):
                own.append(And(tuple(place[child] for child in children)))
            case Or(children):
                own.append(Or(tuple(place[child] for child in children)))
            case Not():
                raise AssertionError("a negated query is compiled, and compiling leaves no negation")
    scope = {node.variable for node in own if isinstance(node, Literal)}
    return CircuitConstraint(tuple(sorted(scope)), tuple(own))
