"""What stands before `::` once a program is ground: a number, or a network's or a parameter's place."""

from typing import Any

from problog.errors import GroundingError
from problog.formula import LogicFormula
from problog.logic import Clause, Constant, Term, unquote

from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.guarded_builtins import arithmetic_value
from gedi_nesy.logic.language.source import Source, places, where_of

_NOT_SUPPORTED = {
    "?/0": "it is a decision, which `solve --decide` makes",
    "./2": "intervals are not supported",
}
_CONTINUOUS = {"normal", "gaussian", "uniform", "beta", "gamma", "poisson", "exponential", "dirichlet"}


def check_statements(source: Source) -> None:
    """ProgramError with FILE:LINE for a random variable that a distribution defines, as in `a ~ normal(0, 1)`.

    ProbLog reads that as `a::normal(0, 1)`: a fact named normal, with the probability a.
    """
    for statement in source.statements:
        head = statement.head if isinstance(statement, Clause) else statement
        name = unquote(str(getattr(head, "functor", "")))
        if name in _CONTINUOUS and head.args and _is_no_number(head.probability):
            where = where_of(source, statement)
            variable, distribution = head.probability, head.with_probability(None)
            raise ProgramError(
                f"{where}: '{variable} ~ {distribution}': continuous distributions are not supported"
            )


def _is_no_number(probability: Any) -> bool:
    """Whether no values of its variables make it one."""
    if not isinstance(probability, Term) or probability.is_var() or probability.functor in ("t", "nn", "?"):
        return False
    try:
        arithmetic_value(probability.apply_term(dict.fromkeys(probability.variables(), Constant(1))))
    except GroundingError:
        return True
    return False


def check_weights(formula: LogicFormula, source: Source) -> None:
    """ProgramError with FILE:LINE for an uncertain fact whose probability is no number."""
    for _, node, kind in formula:
        if kind != "atom" or isinstance(node.probability, bool):
            continue
        weight = node.probability
        if isinstance(weight, Term) and weight.functor in ("nn", "t"):
            continue
        try:
            value = arithmetic_value(weight)
        except GroundingError as error:
            raise _no_probability(weight, node, source, str(error.base_message)) from None
        if not isinstance(value, int | float):
            raise _no_probability(weight, node, source, "it is no number")


def _no_probability(weight: Any, node: Any, source: Source, reason: str) -> ProgramError:
    atom = node.name.args[2] if node.name.functor == "choice" and node.group is not None else node.name
    where = places(source).get(atom.signature, source.name)
    name = unquote(str(weight.functor)) if isinstance(weight, Term) else ""
    if isinstance(weight, Term) and not isinstance(weight, Constant):
        reason = _NOT_SUPPORTED.get(f"{name}/{weight.arity}", reason)
        if name in _CONTINUOUS:
            reason = "continuous distributions are not supported"
    return ProgramError(f"{where}: '{weight}' is no probability of {atom}: {reason}")
