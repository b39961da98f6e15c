"""Probabilities by sampling, for programs that can be ground but not compiled: estimates with their intervals.

Worlds are drawn from the program without its evidence, and those in which the evidence fails are thrown away. Evidence
on choices themselves is no reason to throw anything away: they are drawn from the values that it leaves.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.circuits.template import sort_key
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.gates import Gates, where
from gedi_nesy.logic.grounding.ground import ground_gates
from gedi_nesy.logic.grounding.parameters import bind
from gedi_nesy.logic.grounding.slots import refuse_networks
from gedi_nesy.logic.inference.interval import interval
from gedi_nesy.logic.language.learnable import ZERO
from gedi_nesy.logic.program import Program

FEWEST = 100
"""Worlds with the evidence below which nothing is estimated, unless fewer are asked for."""

_BATCH = 8192
_BITS = 1 << 30
"""Worlds drawn together, and what all gates may take for them."""


class Estimate(NamedTuple):
    """The share of worlds in which an answer holds, its standard error, and the interval of 95%.

    Where the ground program already says that it holds in all worlds, or in none, all of them are exact.
    """

    probability: float
    standard_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Approximation:
    """An estimate for each answer, in the order of `Program.solve`; `kept` of `drawn` worlds have the evidence."""

    answers: tuple[tuple[Any, Estimate], ...]
    kept: int
    drawn: int


def approximate(
    program: Program, worlds: int, generator: torch.Generator, budget: Budget = DEFAULT_BUDGET
) -> Approximation:
    """Estimate the program's own queries from about so many worlds with the evidence, fewer where time ends.

    ProgramError where the evidence holds in fewer than `FEWEST` of the worlds that could be drawn in time, or cannot
    hold.
    """
    budget = budget.running()
    request = program.own_request(budget)
    with Watch(program.source.name, request.text, budget) as watch:
        gates = ground_gates(program.front_end, request, program.neural_predicates, watch)
        refuse_networks(program.source.name, gates.slots)
        watch.enter("sampling")
        sampler = _Sampler(gates, probabilities_of(program, gates), generator)
        if not sampler.possible:
            evidence = ", ".join(map(str, request.evidence))
            raise ProgramError(
                f"{program.source.name}: the evidence {evidence} is impossible: its probability is 0"
            )
        held = dict.fromkeys((key for _, key in gates.roots), 0)
        kept = drawn = 0
        while kept < worlds and (drawn == 0 or watch.seconds < budget.seconds):
            size = sampler.most if sampler.rejecting else min(sampler.most, worlds - kept)
            found, accepted = sampler.draw(size)
            drawn += size
            kept += accepted.bit_count()
            for key in held:
                held[key] += (accepted & where(key, found, found, (1 << size) - 1)).bit_count()
            watch.nodes, watch.fraction = len(gates), kept / worlds
    if kept < min(worlds, FEWEST):
        raise ProgramError(
            f"{program.source.name}: the evidence holds in {kept:,} of {drawn:,} worlds drawn in"
            f" {watch.seconds:.1f} s, too few for an estimate (at least {min(worlds, FEWEST):,}); raise the budget"
        )
    answers = {term: _estimate(key, held[key], kept) for term, key in gates.roots}
    return Approximation(tuple((term, answers[term]) for term in sorted(answers, key=sort_key)), kept, drawn)


def _estimate(key: int | None, held: int, kept: int) -> Estimate:
    share = held / kept
    if not key:
        return Estimate(share, 0.0, share, share)
    return Estimate(share, math.sqrt(share * (1 - share) / kept), *interval(held, kept))


def probabilities_of(program: Program, gates: Gates) -> list[list[float]]:
    """Of every value of every variable, the residual one last."""
    variables = bind(gates.variables, program.learnable)
    values = [
        (v, value) for v, variable in enumerate(variables) for value in range(len(variable.weights) + 1)
    ]
    like = torch.zeros(1, 1, dtype=torch.float64)
    with torch.no_grad():
        learnable = program.learnable().to(like)
        weights = LeafWeights(variables, values)([], learnable, 1, like)[:, 0].exp().tolist()
    found: list[list[float]] = [[] for _ in variables]
    for (v, _), weight in zip(values, weights, strict=True):
        found[v].append(weight)
    return found


class _Sampler:
    """Draws worlds of some gates; `rejecting`: there is evidence that drawing cannot see to; `possible`: no choice
    that the evidence is on rules it out.
    """

    def __init__(self, gates: Gates, probabilities: Sequence[Sequence[float]], generator: torch.Generator):
        self.gates, self.generator = gates, generator
        self.probabilities = [list(values) for values in probabilities]
        self.most = max(64, min(_BATCH, _BITS // max(1, len(gates))))
        self.rejected = [key for key in gates.evidence if not self._given(key)]
        self.rejecting = bool(self.rejected)
        self.possible = None not in gates.evidence and all(max(p) > ZERO for p in self.probabilities)

    def _given(self, key: int | None) -> bool:
        """Take evidence on a choice as what it is drawn from; False if it is on something else."""
        if not key:
            return key == 0
        if abs(key) not in self.gates.heads:
            return False
        variable, value = self.gates.heads[abs(key)]
        values = self.probabilities[variable]
        self.probabilities[variable] = [
            p if (place == value) == (key > 0) else 0.0 for place, p in enumerate(values)
        ]
        return True

    def draw(self, size: int) -> tuple[dict[int, int], int]:
        """Where each gate holds, and the worlds with the evidence, of `size` new ones."""
        every = (1 << size) - 1
        chosen = [self._values(values, size) for values in self.probabilities]
        found = {key: chosen[variable][value] for key, (variable, value) in self.gates.heads.items()}
        self.gates.evaluate(found, found, every)
        accepted = every
        for key in self.rejected:
            accepted &= where(key, found, found, every)
        return found, accepted

    def _values(self, probabilities: Sequence[float], size: int) -> list[int]:
        """The worlds in which a variable has each of its values."""
        bounds = np.cumsum(probabilities)
        uniform = torch.rand(size, generator=self.generator, dtype=torch.float64).numpy() * bounds[-1]
        # A product that is rounded up to the last bound belongs to the last value that there is.
        last = max(value for value, p in enumerate(probabilities) if p > 0)
        values = np.minimum(np.searchsorted(bounds, uniform, side="right"), last)
        return [
            int.from_bytes(np.packbits(values == value).tobytes(), "big") >> -size % 8
            for value in range(len(probabilities))
        ]
