"""The likelihood of examples as one circuit, and how often each outcome of a parameter occurs behind them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.evidence import is_zero
from gedi_nesy.logic.circuits.layers import Leaf, layer_graph
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.graph import FALSE, LearnableWeight, Variable
from gedi_nesy.logic.grounding.ground import Grounding, Request, ground
from gedi_nesy.logic.grounding.parameters import bind
from gedi_nesy.logic.inference.examples import Example, distinct_atoms
from gedi_nesy.logic.language.learnable import Disjunction
from gedi_nesy.logic.program import Program

_IMPOSSIBLE = -1e9
"""A log-probability in float64 beside which the logarithm of any number of branches is nothing."""


class _Pairs(NamedTuple):
    """Which outcomes a leaf stands for, pair by pair."""

    leaves: Tensor
    outcomes: Tensor


class Likelihood:
    """log P of all examples together as a function of the program's parameters.

    An outcome is a learnable head, or "none of them" where that is learnt; those of one disjunction stand
    together, in the order of its logits. ProgramError where an example is impossible.
    """

    def __init__(self, program: Program, examples: Sequence[Example], budget: Budget = DEFAULT_BUDGET):
        patterns: dict[frozenset, list[Example]] = {}
        for example in examples:
            patterns.setdefault(frozenset(example.atoms), []).append(example)
        with Watch(program.source.name, "the examples", budget.running()) as watch:
            grounding = _ground(program, examples, watch)
            roots = [_conjunction(grounding, found[0]) for found in patterns.values()]
            compiled = compile_graph(grounding.graph, roots, watch)
        self._first = [found[0] for found in patterns.values()]
        self._refuse([root == FALSE for root in compiled.roots], "whatever the parameters are")
        self._counts = torch.tensor([float(len(found)) for found in patterns.values()], dtype=torch.float64)
        self._learnable = program.learnable
        variables = bind(grounding.graph.variables, program.learnable)
        circuit = layer_graph(compiled.graph, compiled.roots)
        self._evaluator = Evaluator(circuit)
        self._weights = LeafWeights(variables, circuit.leaves)
        self.disjunctions = program.learnable.disjunctions()
        self._pairs = _pairs(circuit.leaves, variables, self.disjunctions)

    def __call__(self) -> tuple[float, list[Float[Tensor, " outcome"]]]:
        """log P of the examples, and by disjunction the expected number of times of each outcome behind them.

        The gradient of log P(example) by the logarithm of a leaf is P(the leaf is in the branch | example):
        the sums of expectation maximisation.
        """
        leaves = self._leaves().requires_grad_()
        values = self._evaluator(leaves)[0]
        total = (values * self._counts).sum()
        seen = torch.zeros_like(leaves)
        if values.requires_grad:
            (seen,) = torch.autograd.grad(total, leaves)
        with torch.no_grad():
            outcomes = [d.logits.softmax(0) * d.mass for d in self.disjunctions]
            expected = torch.zeros(sum(map(len, outcomes)), dtype=torch.float64)
            if outcomes:
                # A leaf that stands for several outcomes is shared among them as they are probable.
                leaf = leaves[self._pairs.leaves, 0].exp()
                share = torch.cat(outcomes)[self._pairs.outcomes] / leaf.clamp(
                    min=torch.finfo(leaf.dtype).tiny
                )
                expected.index_add_(0, self._pairs.outcomes, seen[self._pairs.leaves, 0] * share)
        return total.item(), list(expected.split([len(found) for found in outcomes])) if outcomes else []

    def check_possible(self) -> None:
        """ProgramError naming an example whose probability is 0 with the present parameters."""
        leaves = torch.where(is_zero(self._leaves()), _IMPOSSIBLE, 0.0).double()
        possible = self._evaluator(leaves)[0] > _IMPOSSIBLE / 2
        self._refuse((~possible).tolist(), "with the parameters it starts from")

    def _leaves(self) -> Float[Tensor, "leaf 1"]:
        like = torch.zeros(1, 1, dtype=torch.float64)
        with torch.no_grad():
            return self._weights([], self._learnable().to(like), 1, like)

    def _refuse(self, impossible: Sequence[bool], when: str) -> None:
        for example, wrong in zip(self._first, impossible, strict=True):
            if wrong:
                atoms = ", ".join(str(atom if value else -atom) for atom, value in example.atoms[:8])
                raise ProgramError(f"{example.where}: the example {atoms} is impossible, {when}")


def _ground(program: Program, examples: Sequence[Example], watch: Watch) -> Grounding:
    name = program.source.name
    if program.front_end.own_evidence(watch.budget):
        raise ProgramError(f"{name}: has evidence(...) of its own; to learn, write it into the examples")
    request = Request("the examples", tuple(distinct_atoms(examples)), (), (), merge=False, keep_false=True)
    grounding = ground(program.front_end, request, program.neural_predicates, watch)
    if grounding.slots:
        raise ProgramError(
            f"{name}: the examples ask network '{grounding.slots[0].network}'; only programs without networks"
            " learn from interpretations"
        )
    return grounding


def _conjunction(grounding: Grounding, example: Example) -> int:
    graph, nodes = grounding.graph, dict(grounding.roots)
    return graph.conjunction(
        nodes[atom] if value else graph.negation(nodes[atom]) for atom, value in example.atoms
    )


def _pairs(
    leaves: Sequence[Leaf], variables: Sequence[Variable], disjunctions: Sequence[Disjunction]
) -> _Pairs:
    """A head's leaf stands for its head; the residual leaf of a variable for every outcome it has no value for."""
    outcome: dict[int, int] = {}
    others: dict[int, range] = {}
    start = 0
    for disjunction in disjunctions:
        outcome |= {row: start + i for i, row in enumerate(disjunction.rows)}
        others |= dict.fromkeys(disjunction.rows, range(start, start + len(disjunction.logits)))
        start += len(disjunction.logits)
    pairs: list[tuple[int, int]] = []
    for leaf, (variable, value) in enumerate(leaves):
        weights = variables[variable].weights
        rows = [weight.index for weight in weights if isinstance(weight, LearnableWeight)]
        if value == len(weights):
            present = {outcome[row] for row in rows}
            pairs += [(leaf, other) for other in (others[rows[0]] if rows else ()) if other not in present]
        elif isinstance(weight := weights[value], LearnableWeight):
            pairs.append((leaf, outcome[weight.index]))
    found = torch.tensor(pairs, dtype=torch.long).view(-1, 2)
    return _Pairs(found[:, 0], found[:, 1])
