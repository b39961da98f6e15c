"""The parameters of a program from examples of what was seen, by expectation maximisation on one circuit."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.inference.examples import Example
from gedi_nesy.logic.inference.likelihood import Likelihood
from gedi_nesy.logic.language.learnable import Disjunction
from gedi_nesy.logic.program import Program

_NOTHING = 1e-12
"""An expected number of times below which the examples say nothing of a disjunction."""


class Learned(NamedTuple):
    """log P of all examples with the parameters found, and the number of iterations it took to find them."""

    log_likelihood: float
    iterations: int


def learn_parameters(
    program: Program,
    examples: Sequence[Example],
    *,
    generator: torch.Generator | None = None,
    iterations: int = 10_000,
    tolerance: float = 1e-13,
    budget: Budget = DEFAULT_BUDGET,
) -> Learned:
    """Maximise log P of the examples over the program's t(...); `program.learnable` has them afterwards.

    Expectation maximisation: a parameter becomes the share of the times its disjunction was drawn, in
    expectation over all that the examples leave open, in which its head was chosen. It ends where log P grows
    by less than `tolerance` of itself. A generator draws the start of every t(_); without one, all start as
    they are. What no example tells stays at its start.
    """
    budget = budget.running()
    likelihood = Likelihood(program, examples, budget)
    if not likelihood.disjunctions:
        raise ProgramError(f"{program.source.name}: has no t(...) that the examples depend on")
    for disjunction in likelihood.disjunctions:
        if generator is not None:
            _draw(disjunction, generator)
    likelihood.check_possible()
    before, expected = likelihood()
    for iteration in range(1, iterations + 1):
        for disjunction, counts in zip(likelihood.disjunctions, expected, strict=True):
            if counts.sum() > _NOTHING:
                disjunction.logits.data = counts.clamp(min=torch.finfo(counts.dtype).tiny).log()
        after, expected = likelihood()
        if after - before <= tolerance * max(1.0, abs(after)):
            return Learned(after, iteration)
        before = after
    return Learned(before, iterations)


def _draw(disjunction: Disjunction, generator: torch.Generator) -> None:
    """Random values in place of equal ones for all that has no start of its own."""
    starts = [*disjunction.starts, *([None] if None in disjunction.starts else [])]
    free = [i for i in range(len(disjunction.logits)) if i < len(starts) and starts[i] is None]
    if free:
        probabilities = disjunction.logits.detach().softmax(0)
        drawn = torch.rand(len(free), generator=generator, dtype=torch.float64)
        probabilities[free] = probabilities[free].sum() * drawn / drawn.sum()
        disjunction.logits.data = probabilities.log()
