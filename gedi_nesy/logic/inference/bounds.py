"""Bounds on the probabilities of a program's answers that only become narrower, for where exact is out of reach.

Cases are partial worlds: values for some of the variables. In each, three-valued logic says what holds for certain and
what may hold (`grounding/loose.py`). The sum over cases of what is certain is a lower bound, of what is possible an
upper one; the most probable open case is split by the variable that seems to decide most. As in the bounds
of network reliability by factoring (Dotson and Gobien, 1979).
"""

import heapq
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.circuits.template import sort_key
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.ground import ground_gates
from gedi_nesy.logic.grounding.loose import Held, Key, LooseProgram, loose_program, what_holds
from gedi_nesy.logic.grounding.slots import refuse_networks
from gedi_nesy.logic.inference.approximate import probabilities_of
from gedi_nesy.logic.language.learnable import ZERO
from gedi_nesy.logic.program import Program

BATCH = 256
"""Cases that are split together."""

ROUNDS = 3
"""How often a cycle is gone through for the guess of what its atoms' probabilities are."""

MOST_CASES = 2_000_000
"""Open cases at which bounds are left as they are."""


class Bounds(NamedTuple):
    """lower <= P(answer | evidence) <= upper, up to rounding."""

    lower: float
    upper: float


@dataclass(frozen=True)
class Bounded:
    """Bounds by answer, from how many cases, and whether they are as narrow as was asked for."""

    answers: dict[object, Bounds]
    cases: int
    reached: bool


def bounds_of(program: Program, width: float, budget: Budget = DEFAULT_BUDGET) -> Bounded:
    """Guaranteed bounds on every answer to a program's own queries, given its evidence.

    They are no wider than `width`, or as narrow as they become in the budget's seconds. ProgramError where the
    evidence is impossible, TooLargeError where grounding alone takes too long.
    """
    budget = budget.running()
    request = program.own_request(budget)
    with Watch(program.source.name, request.text, budget) as watch:
        gates = ground_gates(program.front_end, request, program.neural_predicates, watch)
        refuse_networks(program.source.name, gates.slots)
        found = [value for values in probabilities_of(program, gates) for value in values]
        try:
            return bound(loose_program(gates), np.where(np.array(found) < ZERO, 0.0, found), width, watch)
        except ImpossibleError:
            raise ProgramError(
                f"{program.source.name}: the evidence is impossible: its probability is 0"
            ) from None


class ImpossibleError(Exception):
    """The evidence has probability 0."""


def bound(
    program: LooseProgram, probabilities: Float[np.ndarray, " value"], width: float, watch: Watch
) -> Bounded:
    """Bounds no wider than `width`, or as narrow as they become within nine tenths of the seconds."""
    watch.enter("narrowing bounds")
    search = _Search(program, probabilities)
    search.add(search.whole(), np.ones(1))
    while True:
        started = watch.seconds
        bounds = search.bounds()
        narrow = search.possible and max((b.upper - b.lower for b in bounds), default=0.0) <= width
        if narrow or not search.open:
            return search.result(width)
        search.split(BATCH)
        watch.nodes = search.cases
        taken = watch.seconds - started
        if watch.seconds + 2 * taken > 0.9 * watch.budget.seconds or len(search.open) > MOST_CASES:
            return search.result(width)


class _Search:
    def __init__(self, program: LooseProgram, probabilities: Float[np.ndarray, " value"]):
        self.program, self.p = program, probabilities
        self.starts = program.starts
        self.ends = np.append(self.starts, len(probabilities))[1:]
        # A heap: the negative of its probability, its number, its allowed values in bits, what it adds to.
        self.open: list[Any] = []
        self.cases = 0
        # Whether the evidence holds for certain in some case: bounds given evidence that is impossible mean nothing.
        self.possible = False
        # Of each answer with the evidence: certain, possible; and the same of its negation.
        self.settled = np.zeros((4, len(program.queries)))
        self.pending = np.zeros((4, len(program.queries)))

    def whole(self) -> Bool[np.ndarray, "value batch"]:
        """The one case that leaves everything open but what has probability 0."""
        return (self.p > 0)[:, None]

    def add(self, allowed: Bool[np.ndarray, "value batch"], mass: Float[np.ndarray, " batch"]) -> None:
        """Cases and their probabilities: those that decide everything are settled, the others stay open."""
        held = what_holds(self.program, allowed)
        flags = self._flags(held)
        self.possible |= bool(held.all_of(self.program.evidence)[0].any())
        closed = (flags[0] == flags[1]).all(0) & (flags[2] == flags[3]).all(0)
        self.settled += flags[:, :, closed] @ mass[closed]
        self.pending += flags[:, :, ~closed] @ mass[~closed]
        for case in np.flatnonzero(~closed):
            item = (
                -mass[case],
                self.cases + case,
                np.packbits(allowed[:, case]).tobytes(),
                flags[:, :, case],
            )
            heapq.heappush(self.open, item)
        self.cases += allowed.shape[1]

    def _flags(self, held: Held) -> Bool[np.ndarray, "sum query batch"]:
        certain, possible = held.all_of(self.program.evidence)
        batch = len(certain)
        if not self.program.queries:
            return np.zeros((4, 0, batch), bool)
        true, maybe = (
            np.stack(rows) for rows in zip(*(held.of(key) for _, key in self.program.queries), strict=True)
        )
        return np.stack([true & certain, maybe & possible, ~maybe & certain, ~true & possible])

    def split(self, most: int) -> None:
        """The most probable open cases by a variable each, value by value."""
        chosen = [heapq.heappop(self.open) for _ in range(min(most, len(self.open)))]
        values = len(self.p)
        rows = [np.unpackbits(np.frombuffer(item[2], np.uint8), count=values).astype(bool) for item in chosen]
        allowed, mass = np.stack(rows, axis=1), np.array([-item[0] for item in chosen])
        for item in chosen:
            self.pending += item[3] * item[0]
        cases, masses = [], []
        for case, variable in enumerate(self._variables(allowed)):
            span = slice(self.starts[variable], self.ends[variable])
            shares = self.p[span] * allowed[span, case]
            for value in np.flatnonzero(shares):
                column = allowed[:, case].copy()
                column[span] = False
                column[self.starts[variable] + value] = True
                cases.append(column)
                masses.append(mass[case] * shares[value] / shares.sum())
        self.add(np.stack(cases, axis=1), np.array(masses))

    def _variables(self, allowed: Bool[np.ndarray, "value batch"]) -> Int[np.ndarray, " batch"]:
        """For each case the variable on which most of what is open seems to depend."""
        held = what_holds(self.program, allowed)
        weights = self.p[:, None] * allowed
        owner = np.repeat(np.arange(len(self.starts)), self.ends - self.starts)
        shares = weights / np.add.reduceat(weights, self.starts)[owner]
        slopes = _slopes(self.program, held, torch.from_numpy(shares).float()).numpy()
        mean = np.add.reduceat(shares * slopes, self.starts)
        spread = np.add.reduceat(shares * (slopes - mean[owner]) ** 2, self.starts)
        undecided = np.add.reduceat(allowed, self.starts, dtype=np.int64) > 1
        return np.where(undecided, spread, -1.0).argmax(0)

    def bounds(self) -> list[Bounds]:
        """Of every answer, by the cases so far."""
        return [_conditional(*row) for row in np.maximum(self.settled + self.pending, 0).T.tolist()]

    def result(self, width: float) -> Bounded:
        """The bounds with sums that have not lost digits by what was taken off again."""
        for place in np.ndindex(self.pending.shape):
            self.pending[place] = math.fsum(-item[0] for item in self.open if item[3][place])
        bounds = self.bounds()
        _, maybe_true, _, maybe_false = self.settled + self.pending
        if (maybe_true + maybe_false == 0).any():
            raise ImpossibleError
        reached = self.possible and all(b.upper - b.lower <= width for b in bounds)
        found = {term: each for (term, _), each in zip(self.program.queries, bounds, strict=True)}
        return Bounded({term: found[term] for term in sorted(found, key=sort_key)}, self.cases, reached)


def _conditional(true: float, maybe_true: float, false: float, maybe_false: float) -> Bounds:
    """Of t / (t + f), where true <= t <= maybe_true and false <= f <= maybe_false."""
    lower = true / (true + maybe_false) if true > 0 else 0.0
    upper = maybe_true / (maybe_true + false) if maybe_true > 0 else 0.0
    return Bounds(lower, max(lower, upper))


def _slopes(
    program: LooseProgram, held: Held, shares: Float[Tensor, "value batch"]
) -> Float[Tensor, "value batch"]:
    """How the guessed probabilities of all that is asked change with that of every value.

    The guess takes the children of a node as independent.
    """
    shares = shares.requires_grad_()
    certain, possible = torch.from_numpy(held.certain), torch.from_numpy(held.possible)
    one, zero = torch.ones(shares.shape[1]), torch.zeros(shares.shape[1])
    guess: list[Tensor] = [zero] * len(program.rules)

    def of(key: Key) -> Tensor:
        if not key:
            return one if key == 0 else zero
        return guess[key - 1] if key > 0 else 1 - guess[-key - 1]

    for group in program.groups:
        for _ in range(1 if len(group) == 1 else ROUNDS):
            for node in group:
                rule = program.rules[node]
                if rule.row >= 0:
                    value = shares[rule.row]
                elif rule.conjunction:
                    value = torch.stack([of(child) for child in rule.children]).prod(0)
                else:
                    value = 1 - torch.stack([1 - of(child) for child in rule.children]).prod(0)
                guess[node] = torch.where(certain[node], one, torch.where(possible[node], value, zero))
    asked = [of(key) for key in (*(key for _, key in program.queries), *program.evidence)]
    total = torch.stack(asked).sum()
    if not total.requires_grad:
        return torch.zeros_like(shares)
    return torch.autograd.grad(total, shares, allow_unused=True, materialize_grads=True)[0]
