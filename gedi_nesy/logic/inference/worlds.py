"""Worlds of a program: a value for every uncertain choice that its queries and evidence depend on."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from gedi_nesy.logic.branches import Branch, best_branches, sample_branches
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget
from gedi_nesy.logic.circuits.template import Template, circuit_evaluate
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.explain import Explainer
from gedi_nesy.logic.grounding.graph import Variable
from gedi_nesy.logic.program import Program

_IMPOSSIBLE = -1e9
"""A log-probability in float64 beside which the logarithm of any number of branches is nothing."""

_BATCH = 1024
"""How many worlds are looked at together."""


@dataclass(frozen=True)
class World:
    """Which answers hold in a world, the choices that make it, and log P of the world itself.

    `choices` are literals: heads of annotated disjunctions that are chosen, facts that hold, and the others
    negated.
    """

    answers: Mapping[Any, bool]
    choices: tuple[str, ...]
    log_prob: float


@dataclass(frozen=True)
class Proof:
    """Choices from which an answer follows, and their probability given the evidence."""

    choices: tuple[str, ...]
    probability: float


class Worlds:
    """The worlds of a program's own queries, given its evidence; ProgramError where that is impossible."""

    def __init__(self, program: Program, budget: Budget = DEFAULT_BUDGET):
        template = program.own_template(budget)
        if not template.answers and not template.conditional:
            raise ProgramError(
                f"{program.source.name}: the program has neither a query(...) with an answer nor evidence(...)"
            )
        self.template: Template = template
        self._explainer = Explainer(template)
        like = torch.zeros(1, 1, dtype=torch.float64)
        with torch.no_grad():
            try:
                # Says whether the evidence is impossible.
                self._log_answers = circuit_evaluate(template, program.learnable)([], 1, like)[0]
            except ProgramError as error:
                raise ProgramError(f"{program.source.name}: {error}") from None
            weights = self._explainer.weights([], program.learnable().to(like), 1, like)[:, 0]
        self._log_p = dict(zip(self._explainer.values, weights, strict=True))
        leaves = [self._log_p[leaf].item() for leaf in template.circuit.leaves]
        self._leaves = torch.tensor(leaves, dtype=torch.float64)
        self._given = template.circuit.roots[-1] if template.conditional else True

    @property
    def log_evidence(self) -> float:
        """log P of the evidence."""
        if isinstance(self._given, bool):
            return 0.0
        return self._explainer.evaluator(self._leaves[:, None])[0, -1].item()

    def most_probable(self) -> World:
        """The most probable world in which the evidence holds."""
        values, _ = self._explainer.most_probable(self._log_p, self._given)
        return next(self._worlds([values]))

    def sample(self, count: int, generator: torch.Generator) -> Iterator[World]:
        """Worlds drawn from the distribution given the evidence; none is rejected."""
        for start in range(0, count, _BATCH):
            yield from self._worlds(self._draw(min(_BATCH, count - start), generator))

    def proofs(self, most: int) -> list[tuple[Any, float, list[Proof]]]:
        """Every answer, its probability, and its most probable proofs, which exclude one another."""
        found = []
        rows = zip(
            self.template.answers, self._log_answers.exp().tolist(), self.template.circuit.roots, strict=False
        )
        for term, probability, root in rows:
            branches = [Branch(self.log_evidence, ())] if root is True else []
            if not isinstance(root, bool):
                branches = best_branches(self._explainer.evaluator, self._leaves, root, most)
            proofs = [self._proof(branch) for branch in branches]
            kept = [proof for proof in proofs if proof.probability > 0]
            found.append((term, 0.0 if root is False else probability, kept))
        return found

    def _proof(self, branch: Branch) -> Proof:
        values = dict(self.template.circuit.leaves[leaf] for leaf in branch.leaves)
        return Proof(self._choices(values), math.exp(branch.log_prob - self.log_evidence))

    def _draw(self, count: int, generator: torch.Generator) -> list[dict[int, int]]:
        """Values of all variables: those of a branch of the evidence, and the others as they are without it."""
        worlds: list[dict[int, int]] = [{} for _ in range(count)]
        for v, variable in enumerate(self.template.variables):
            log_p = torch.stack([self._log_p[v, value] for value in range(len(variable.weights) + 1)])
            drawn = torch.multinomial(log_p.exp(), count, replacement=True, generator=generator).tolist()
            for world, value in zip(worlds, drawn, strict=True):
                world[v] = value
        if not isinstance(self._given, bool):
            branches = sample_branches(self._explainer.evaluator, self._leaves, self._given, count, generator)
            for world, branch in zip(worlds, branches, strict=True):
                world.update(self.template.circuit.leaves[leaf] for leaf in branch)
        return worlds

    def _worlds(self, worlds: Sequence[Mapping[int, int]]) -> Iterator[World]:
        values = [[world[v] for v in range(len(self.template.variables))] for world in worlds]
        table = torch.tensor(values, dtype=torch.long)
        holds = self._holds(table.view(len(worlds), -1))
        for world, row in zip(worlds, holds.tolist(), strict=True):
            log_prob = math.fsum(self._log_p[leaf].item() for leaf in world.items())
            yield World(dict(zip(self.template.answers, row, strict=False)), self._choices(world), log_prob)

    def _holds(self, values: Int[Tensor, "world variable"]) -> Bool[Tensor, "world root"]:
        """Which roots hold in which world."""
        variables, wanted = torch.tensor(self.template.circuit.leaves, dtype=torch.long).view(-1, 2).T
        leaves = torch.where(wanted[:, None] == values[:, variables].T, 0.0, _IMPOSSIBLE).double()
        holds = self._explainer.evaluator(leaves) > _IMPOSSIBLE / 2
        return holds & torch.tensor([root is not False for root in self.template.circuit.roots])

    def _choices(self, values: Mapping[int, int]) -> tuple[str, ...]:
        return tuple(
            literal
            for v, value in sorted(values.items())
            for literal in _literals(self.template.variables[v], value)
        )


def _literals(variable: Variable, value: int) -> list[str]:
    if value < len(variable.names):
        return [variable.names[value]]
    return [f"\\+{name}" for name in variable.names]
