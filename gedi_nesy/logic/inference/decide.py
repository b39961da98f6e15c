"""Decision theory: which decisions, `?::a`, make the expected sum of `utility(atom, value)` largest.

Every strategy is tried, all of them on one circuit: a decision is a variable whose probability is 0 or 1.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from problog.logic import Term, Var
from torch import Tensor

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.evidence import is_zero
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.circuits.template import Template
from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.grounding.graph import LearnableWeight
from gedi_nesy.logic.language.source import Source, subterms, where_of
from gedi_nesy.logic.language.statements import heads_of, rebuilt
from gedi_nesy.logic.program import Program

MOST_STRATEGIES = 1 << 20
"""How many strategies are tried at most."""

_MARK = Term("'?'")
"""What tells the parameter of a decision from one that is learnt."""

_BATCH = 4096
_IMPOSSIBLE = -1e9
"""A log-probability in float64 beside which the logarithm of any number of branches is nothing."""


@dataclass(frozen=True)
class Strategy:
    """Decisions by their atom, taken or not, and the expected utility of all of them together."""

    decisions: Mapping[str, bool]
    utility: float


def decisions_as_parameters(source: Source) -> Source:
    """The program with a parameter in place of every decision: t(_, ...) with all variables of its statement."""
    found = False
    statements = []
    for statement in source.statements:
        decisions = [head for head in heads_of(statement) if _is_decision(head)]
        if decisions and len(decisions) < len(heads_of(statement)):
            where = where_of(source, statement)
            raise ProgramError(f"{where}: decisions share a disjunction only with decisions")
        found = found or bool(decisions)
        statements.append(_with_parameters(statement) if decisions else statement)
    if not found:
        raise ProgramError(f"{source.name}: the program leaves no decision open, as ?::a would")
    # Another text, since what is compiled is kept under it.
    return replace(source, statements=tuple(statements), text=f"{source.text}\n% decisions are parameters")


def _is_decision(head: Any) -> bool:
    return str(getattr(head, "probability", None)) == "?"


def _with_parameters(statement: Any) -> Any:
    names = dict.fromkeys(
        str(part) for part in subterms(statement) if part.is_var() and not str(part).startswith("_")
    )
    parameter = Term("t", Var("_"), _MARK, *map(Var, names))
    return rebuilt(statement, lambda head: head.with_probability(parameter))


def best_strategy(program: Program, budget: Budget = DEFAULT_BUDGET) -> Strategy:
    """The strategy of the largest expected utility; `program` is one whose source has decisions as parameters.

    Of several decisions in a disjunction one is taken. A strategy that makes the evidence impossible is none.
    ProgramError where there is no utility, or no strategy is left; TooLargeError beyond `MOST_STRATEGIES`.
    """
    budget = budget.running()
    utilities = program.front_end.own_utilities(budget)
    if not utilities:
        raise ProgramError(f"{program.source.name}: the program has no utility(atom, value)")
    template = program.own_template(budget, tuple(utilities))
    variables = _decision_variables(program, template)
    worth = torch.tensor([utilities[term] for term in template.answers], dtype=torch.float64)
    best: tuple[float, tuple[int, ...]] = (-math.inf, ())
    with Watch(program.source.name, "the strategies", budget) as watch:
        for strategies in _batches(program, template, variables):
            watch.check(0)
            expected = _probabilities(program, template, variables, strategies) @ worth
            place = int(expected.nan_to_num(-math.inf).argmax())
            best = max(best, (expected[place].item(), strategies[place]), key=lambda found: found[0])
    if best[0] == -math.inf:
        raise ProgramError(
            f"{program.source.name}: every strategy makes the evidence {template.evidence} impossible"
        )
    decisions = {
        name: value == taken
        for v, taken in zip(variables, best[1], strict=True)
        for value, name in enumerate(template.variables[v].names)
    }
    return Strategy(decisions, best[0])


def _decision_variables(program: Program, template: Template) -> list[int]:
    rows = {row for (_, key), row in program.learnable.rows.items() if key.split(",")[0] == str(_MARK)}
    return [
        v
        for v, variable in enumerate(template.variables)
        if any(isinstance(weight, LearnableWeight) and weight.index in rows for weight in variable.weights)
    ]


def _batches(
    program: Program, template: Template, variables: Sequence[int]
) -> Iterator[list[tuple[int, ...]]]:
    """All strategies, a value for each decision variable; the value after the last decision is none of them."""
    values = [_values(program, template, v) for v in variables]
    count = math.prod(map(len, values))
    if count > MOST_STRATEGIES:
        raise TooLargeError(
            f"{program.source.name}: {len(variables)} decisions have {count:,} strategies, more than"
            f" {MOST_STRATEGIES:,}"
        )
    every = itertools.product(*values)
    while batch := list(itertools.islice(every, _BATCH)):
        yield batch


def _values(program: Program, template: Template, variable: int) -> range:
    """What may be decided: a lone decision is taken or not, of several in a disjunction one is.

    Where the utilities depend on some of them only, none of these may be the one.
    """
    rows = [
        weight.index for weight in template.variables[variable].weights if isinstance(weight, LearnableWeight)
    ]
    fact = next(fact for (fact, _), row in program.learnable.rows.items() if row == rows[0])
    heads = next(len(group.members) for group in program.learnable.groups if fact in group.members)
    return range(len(rows) + (heads == 1 or len(rows) < heads) - 1, -1, -1)


def _probabilities(
    program: Program, template: Template, variables: Sequence[int], strategies: Sequence[tuple[int, ...]]
) -> Float[Tensor, "strategy answer"]:
    """P of every answer under each strategy, NaN where the evidence is impossible."""
    like = torch.zeros(1, 1, dtype=torch.float64)
    circuit = template.circuit
    with torch.no_grad():
        weights = LeafWeights(template.variables, circuit.leaves)
        leaves = weights([], program.learnable().to(like), len(strategies), like)
        leaves = torch.where(is_zero(leaves), _IMPOSSIBLE, leaves)
        place = {v: i for i, v in enumerate(variables)}
        taken = torch.tensor(strategies, dtype=torch.long).view(len(strategies), -1)
        for row, (variable, value) in enumerate(circuit.leaves):
            if variable in place:
                leaves[row] = torch.where(taken[:, place[variable]] == value, 0.0, _IMPOSSIBLE).double()
        roots = Evaluator(circuit)(leaves)
    roots[:, [i for i, root in enumerate(circuit.roots) if root is False]] = -torch.inf
    if not template.conditional:
        return roots.exp()
    evidence = roots[:, -1:]
    return (roots[:, :-1] - evidence).exp().where(evidence > _IMPOSSIBLE / 2, torch.nan)
