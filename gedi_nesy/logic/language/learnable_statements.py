"""The `t(...)` of a program's text: numbered in its statements, and as the module that holds their values."""

from collections.abc import Callable
from typing import Any

from problog.errors import ProbLogError
from problog.logic import Constant, Or, Term, is_variable

from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.guarded_builtins import arithmetic_value
from gedi_nesy.logic.language.learnable import Group, LearnableFact, LearnableFacts, key_of
from gedi_nesy.logic.language.neural import expand_conditional
from gedi_nesy.logic.language.source import Source, where_of
from gedi_nesy.logic.language.statements import rebuilt


def extract_learnable(source: Source) -> tuple[list[Any], LearnableFacts]:
    """The statements with every t(...) numbered: t(0), t(1), ...; and the module that holds their values."""
    facts: list[LearnableFact] = []
    groups: list[Group] = []
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

    return rebuilt(statement, numbered)


def _add(source: Source, statement: Any, head: Any, facts: list[LearnableFact]) -> Term:
    where = where_of(source, statement)
    if not head.probability.args:
        raise ProgramError(f"{where}: t takes a start, as in t(_) or t(0.3), found t()")
    value = head.probability.args[0]
    initial = None if is_variable(value) else _number_of(value, where)
    if initial is not None and not 0 <= initial < 1:
        raise ProgramError(
            f"{where}: t({value}) must start at least at 0 and below 1, where it can be learnt"
        )
    name, keys = str(head.with_probability(None)), key_of(head.probability)
    facts.append(LearnableFact(name, where, initial, keys))
    return head.with_probability(Term("t", Constant(len(facts) - 1), *head.probability.args[1:]))


def _number_of(value: Any, where: str) -> float:
    try:
        number = arithmetic_value(value)
    except ProbLogError:
        number = None
    if not isinstance(number, int | float):
        hint = "; distributions cannot be learnt" if value.arity else ""
        raise ProgramError(f"{where}: t({value}) must start at a number, as in t(0.3), or at t(_){hint}")
    return float(number)


def _group(source: Source, statement: Any, facts: list[LearnableFact], added: range) -> Group:
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
    keys = {facts[index].keys for index in added}
    if len(keys) > 1:
        found = ", ".join(f"t(_{',' if key else ''}{key})" for key in sorted(keys))
        raise ProgramError(
            f"{where}: the learnable heads of a disjunction have parameters alike, found {found}"
        )
    return Group(tuple(added), mass, not full, keys != {""})
