"""What stands before `::` once a program is ground: a number, or a network's or a parameter's place."""

from typing import Any

from problog.errors import GroundingError
from problog.formula import LogicFormula
from problog.logic import Constant, Term, unquote

from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.guarded_builtins import arithmetic_value
from gedi_nesy.logic.language.source import Source, places

_NOT_SUPPORTED = {
    "?/0": "decisions, with ?::, belong to ProbLog's decision theory, which is not supported",
    "./2": "intervals are not supported",
}
_CONTINUOUS = {"normal", "gaussian", "uniform", "beta", "gamma", "poisson", "exponential", "dirichlet"}


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
