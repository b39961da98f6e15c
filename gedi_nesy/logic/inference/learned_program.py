"""A program as text with the values of its parameters in their places."""

from collections.abc import Callable
from typing import Any

from problog.logic import Constant, Term, term2list

from gedi_nesy.logic.language.source import exact_numbers, parse_query
from gedi_nesy.logic.language.statements import heads_of, rebuilt
from gedi_nesy.logic.program import Program


def learned_program(program: Program) -> str:
    """The program's text with numbers in place of its t(...); t(_, X) becomes a clause for each value met.

    One that no query or example met stands as it was written. Comments are not kept.
    """
    values = program.learnable.values()
    lines = []
    with exact_numbers():
        for written, numbered in zip(program.source.statements, program.statements, strict=True):
            heads = [head for head in heads_of(numbered) if _is_learnable(head)]
            first = int(heads[0].probability.args[0]) if heads else None
            keys = sorted(key for fact, key in program.learnable.rows if fact == first)
            for key in keys:
                bound = _bind(numbered, heads[0].probability.args[1:], key)
                lines.append(
                    _with_values(bound, lambda fact, key=key: values[program.learnable.row(fact, key)])
                )
            if not keys:
                lines.append(written)
        return "".join(f"{line}.\n" for line in lines)


def _is_learnable(head: Any) -> bool:
    probability = getattr(head, "probability", None)
    return isinstance(probability, Term) and probability.functor == "t"


def _bind(statement: Any, variables: tuple, key: str) -> Any:
    """The statement with the variables of t(_, X) replaced by values, given as text."""
    values = term2list(parse_query(f"[{key}]"), deep=False) if key else []
    pairs = list(zip(variables, values, strict=True))
    names: dict[Any, Any] = {}
    while pairs:
        variable, value = pairs.pop()
        if variable.is_var():
            names[variable] = value
        else:
            pairs += zip(variable.args, value.args, strict=True)
    return rebuilt(statement, lambda head: head.apply_term(names), lambda body: body.apply_term(names))


def _with_values(statement: Any, value_of: Callable[[int], float]) -> Any:
    def valued(head: Any) -> Any:
        return head.with_probability(Constant(value_of(int(head.probability.args[0]))))

    return rebuilt(statement, lambda head: valued(head) if _is_learnable(head) else head)
