"""The most probable explanation behind an answer: what every network saw, which facts held, and how likely that
is.

It is found by the same circuit with maximum in place of sum. A branch that does not mention a variable leaves
it open, and then counts it as 1, which is right for sums but not for maxima; so every variable is first
divided by its largest value, and the largest values are multiplied back at the end.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.logic.branches import best_branch
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.circuits.template import Template
from gedi_nesy.logic.grounding.graph import NeuralWeight, Variable


@dataclass(frozen=True)
class Explanation:
    """One row's most probable explanation; `symbols` are neural choices, `facts` everything else that is
    uncertain.

    `log_prob` is that of the explanation and the answer together, given the evidence; `log_prob_answer` sums
    over all explanations.
    """

    answer: str
    symbols: tuple[str, ...]
    facts: tuple[str, ...]
    log_prob: float
    log_prob_answer: float

    def __str__(self) -> str:
        reading = ", ".join([*self.symbols, *self.facts])
        share = math.exp(min(0.0, self.log_prob - self.log_prob_answer))
        probability = math.exp(self.log_prob_answer)
        return f"{self.answer}, because {reading} (P = {probability:.3g}; this explanation: {share:.0%})"


class Explainer:
    """Explanations from one template; all tensors are taken without gradients."""

    def __init__(self, template: Template):
        self.template = template
        self.evaluator = Evaluator(template.circuit)
        sizes = [len(variable.weights) + 1 for variable in template.variables]
        self.values = [(v, value) for v, size in enumerate(sizes) for value in range(size)]
        self.weights = LeafWeights(template.variables, self.values)

    def explain(
        self,
        outputs: Sequence[Float[Tensor, "batch _"]],
        learnable: Float[Tensor, "fact two"],
        log_distribution: Float[Tensor, "batch answer"],
        columns: Sequence[int],
        answers: Sequence[str],
    ) -> list[Explanation]:
        """One explanation a row, of the answer in that row's column."""
        like = log_distribution.detach().cpu()
        outputs = [output.detach().to(like) for output in outputs]
        table = self.weights(outputs, learnable.detach().to(like), len(like), like)
        evidence = self._log_evidence(table)
        explanations = []
        for row, column in enumerate(columns):
            log_p = dict(zip(self.values, table[:, row], strict=True))
            unnamed = self._name_the_rest(log_p, [output[row] for output in outputs])
            reading, value = self.most_probable(log_p, self.template.circuit.roots[column])
            symbols, facts = self._names(reading, unnamed)
            total = log_distribution[row, column].item()
            explanations.append(
                Explanation(answers[column], symbols, facts, value - evidence[row].item(), total)
            )
        return explanations

    def _log_evidence(self, table: Float[Tensor, "value batch"]) -> Float[Tensor, " batch"]:
        """log P of what everything is conditioned on."""
        if not self.template.conditional:
            return table.new_zeros(table.shape[1])
        position = {leaf: row for row, leaf in enumerate(self.values)}
        return self.evaluator(table[[position[leaf] for leaf in self.template.circuit.leaves]])[:, -1]

    def _name_the_rest(
        self, log_p: dict[tuple[int, int], Tensor], outputs: list[Float[Tensor, " output"]]
    ) -> dict[int, str]:
        """Where a program names only some values of a domain, the residual value is the best of the
        others.
        """
        unnamed = {}
        for v, variable in enumerate(self.template.variables):
            chosen = [weight for weight in variable.weights if isinstance(weight, NeuralWeight)]
            slot = self.template.slots[chosen[0].slot] if len(chosen) == len(variable.weights) else None
            others = set(range(len(slot.domain))) - {weight.output for weight in chosen} if slot else set()
            if slot and others:
                best = max(others, key=lambda output: outputs[chosen[0].slot][output].item())
                log_p[v, len(variable.weights)] = outputs[chosen[0].slot][best]
                unnamed[v] = f"{slot.predicate}({','.join(slot.images)},{slot.domain[best]})"
        return unnamed

    def most_probable(
        self, log_p: Mapping[tuple[int, int], Tensor], root: int | bool
    ) -> tuple[dict[int, int], float]:
        """The value of every variable where the root holds, and the log-probability of all of them together."""
        sizes = [len(variable.weights) + 1 for variable in self.template.variables]
        reading = {
            v: max(range(size), key=lambda value: log_p[v, value].item()) for v, size in enumerate(sizes)
        }
        scaled = [log_p[v, value] - log_p[v, reading[v]] for v, value in self.template.circuit.leaves]
        if not isinstance(root, bool):
            chosen = best_branch(self.evaluator, torch.stack(scaled), root)
            reading.update(self.template.circuit.leaves[leaf] for leaf in chosen)
        return reading, math.fsum(log_p[leaf].item() for leaf in reading.items())

    def _names(
        self, reading: dict[int, int], unnamed: dict[int, str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        named: tuple[list[str], list[str]] = ([], [])
        for v, value in sorted(reading.items(), key=lambda item: _slot(self.template.variables[item[0]])):
            variable = self.template.variables[v]
            neural = all(isinstance(weight, NeuralWeight) for weight in variable.weights)
            named[0 if neural else 1].append(value_name(variable, value, unnamed.get(v)))
        return tuple(named[0]), tuple(named[1])


def _slot(variable: Variable) -> int:
    return min((weight.slot for weight in variable.weights if isinstance(weight, NeuralWeight)), default=0)


def value_name(variable: Variable, value: int, rest: str | None) -> str:
    if value < len(variable.names):
        return variable.names[value]
    if rest is not None:
        return rest
    return f"not {variable.names[0]}" if len(variable.names) == 1 else f"none of {', '.join(variable.names)}"
