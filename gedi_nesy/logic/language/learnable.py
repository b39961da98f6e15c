"""Learnable probabilities: the `t(...)` of a program as logits that any torch optimizer trains."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from problog.errors import ProbLogError
from problog.logic import AnnotatedDisjunction, Clause, Constant, Or, Term, is_variable
from torch import Tensor, nn

from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.guarded_builtins import arithmetic_value
from gedi_nesy.logic.language.neural import expand_conditional
from gedi_nesy.logic.language.source import Source, where_of

LEAST_REST = 1e-3
"""The share of a disjunction that "none of them" starts with where the program leaves it none."""


@dataclass(frozen=True)
class LearnableFact:
    """The `index`-th t(...) of a program: its head as written, where it stands, and its initial
    probability, if given.
    """

    head: str
    where: str
    initial: float | None


@dataclass(frozen=True)
class _Group:
    """Facts that share a disjunction, the probability its other heads leave, and whether "none" has a logit
    too.
    """

    members: tuple[int, ...]
    mass: float
    open: bool


class LearnableFacts(nn.Module):
    """One logit a fact; softmax within an annotated disjunction, times what its fixed heads leave of 1.

    "None of them" has a logit of its own (a lone fact is the plain case), except in a disjunction of
    several learnable heads that is `t(_)` throughout, or whose initial values already sum to 1. Without
    initial values all start equal. A single learnable head that takes all that fixed heads leave starts a
    thousandth below it, since a softmax has no gradient at its end.
    """

    def __init__(self, facts: list[LearnableFact], groups: list[_Group]):
        super().__init__()
        self.facts = facts
        self.groups = groups
        self.logits = nn.ParameterList([nn.Parameter(_initial_logits(facts, group)) for group in groups])

    def forward(self) -> Float[Tensor, "fact two"]:
        """log t and log(1 - t) of every fact, in the order of the program."""
        rows: dict[int, Tensor] = {}
        for group, logits in zip(self.groups, self.logits, strict=True):
            log_p = torch.log_softmax(logits, dim=0)
            for position, member in enumerate(group.members):
                others = torch.cat([log_p[:position], log_p[position + 1 :]])
                # What is not this head: the other outcomes, and what the fixed heads take.
                mass = logits.new_tensor([group.mass, 1 - group.mass]).log()
                rest = torch.logsumexp(others, dim=0) + mass[0]
                rest = torch.logaddexp(rest, mass[1]) if group.mass < 1 else rest
                rows[member] = torch.stack([log_p[position] + mass[0], rest])
        if not rows:
            return torch.zeros(0, 2)
        return torch.stack([rows[index] for index in range(len(self.facts))])

    def probabilities(self) -> dict[str, float]:
        """The current value of every fact, by its head as written and its place in the text."""
        values = self().detach().exp()
        return {f"{fact.head} ({fact.where})": float(values[i, 0]) for i, fact in enumerate(self.facts)}


def _initial_logits(facts: list[LearnableFact], group: _Group) -> Float[Tensor, " logit"]:
    given = [facts[member].initial for member in group.members]
    fixed = sum(value for value in given if value is not None) / group.mass
    unknown = sum(value is None for value in given) + (group.open and None in given)
    share = (1 - fixed) / unknown if unknown else 0.0
    values = [share if value is None else value / group.mass for value in given]
    if group.open:
        rest = 1 - sum(values)
        values.append(rest if rest > 1e-9 else LEAST_REST)
    # A start at 0 has the smallest logit with a finite gradient.
    return torch.log(torch.tensor(values, dtype=torch.float64).clamp(min=torch.finfo(torch.float64).tiny))


def extract_learnable(source: Source) -> tuple[list[Any], LearnableFacts]:
    """The statements with every t(...) numbered: t(0), t(1), ...; and the module that holds their values."""
    facts: list[LearnableFact] = []
    groups: list[_Group] = []
    statements = []
    for statement in map(expand_conditional, source.statements):
        statements.append(_number(statement, lambda head, at=statement: _add(source, at, head, facts)))
        added = range(sum(len(group.members) for group in groups), len(facts))
        if added:
            groups.append(_group(source, statement, facts, added))
    return statements, LearnableFacts(facts, groups)


def _number(statement: Any, add: Callable[[Term], Term]) -> Any:
    def numbered(head: Any) -> Any:
        probability = getattr(head, "probability", None)
        return add(head) if isinstance(probability, Term) and probability.functor == "t" else head

    if isinstance(statement, Or):
        return Or.from_list([numbered(head) for head in statement.to_list()])
    if isinstance(statement, AnnotatedDisjunction):
        return AnnotatedDisjunction([numbered(head) for head in statement.heads], statement.body)
    if isinstance(statement, Clause):
        return Clause(numbered(statement.head), statement.body)
    return numbered(statement)


def _add(source: Source, statement: Any, head: Any, facts: list[LearnableFact]) -> Term:
    where = where_of(source, statement)
    if head.probability.arity != 1:
        raise ProgramError(
            f"{where}: t takes one argument, t(_) or t(0.3), found {head.probability}; a parameter for each value of a"
            " variable is not supported: write a clause for each"
        )
    value = head.probability.args[0]
    initial = None if is_variable(value) else _number_of(value, where)
    if initial is not None and not 0 <= initial < 1:
        raise ProgramError(
            f"{where}: t({value}) must start at least at 0 and below 1, where it can be learnt"
        )
    facts.append(LearnableFact(str(head.with_probability(None)), where, initial))
    return head.with_probability(Term("t", Constant(len(facts) - 1)))


def _number_of(value: Any, where: str) -> float:
    try:
        number = arithmetic_value(value)
    except ProbLogError:
        number = None
    if not isinstance(number, int | float):
        hint = "; distributions cannot be learnt" if value.arity else ""
        raise ProgramError(f"{where}: t({value}) must start at a number, as in t(0.3), or at t(_){hint}")
    return float(number)


def _group(source: Source, statement: Any, facts: list[LearnableFact], added: range) -> _Group:
    heads = statement.to_list() if isinstance(statement, Or) else getattr(statement, "heads", [])
    others = [head.probability for head in heads if getattr(head.probability, "functor", None) != "t"]
    where = where_of(source, statement)
    try:
        mass = 1.0 - sum(float(arithmetic_value(probability)) for probability in others)
    except (ProbLogError, TypeError, ValueError):
        raise ProgramError(f"{where}: learnable heads share a disjunction only with numbers") from None
    given = [facts[index].initial for index in added]
    total = sum(value for value in given if value is not None)
    if mass <= 0 or total > mass + 1e-9 or (None in given and total >= mass):
        raise ProgramError(f"{where}: the heads' probabilities sum to more than 1")
    full = len(given) > 1 and (None in given or abs(total - mass) < 1e-9)
    return _Group(tuple(added), mass, not full)
