"""ProbLog's builtins that would run for ever, fill the memory, or import a module from wherever Python looks."""

from collections.abc import Callable, Sequence
from typing import Any

from problog.engine import GenericEngine
from problog.engine_builtin import check_mode
from problog.engine_stack import SimpleBuiltIn
from problog.errors import GroundingError
from problog.logic import Constant, Term, unquote

MOST_VALUES = 5_000_000
"""How many answers between/3 may have."""

MOST_ELEMENTS = 1_000_000
"""How long a list length/2 may make: it is made at once, and no budget is looked at meanwhile."""

MOST_BITS = 13_000
"""The longest whole number, of some 3,900 digits; Python writes none of more than 4,300."""

ARITHMETIC = ("is/2", "</2", ">/2", "=</2", ">=/2", "=:=/2", "=\\=/2")

BROKEN = ("set_state/1", "reset_state/0", "check_state/1", "condition/1")
"""Builtins that import a module `engine_stack`, which ProbLog has not: a file of that name would be run."""


def guard_builtins(engine: Any) -> None:
    """Put a check before these builtins of one engine."""
    for signature in ARITHMETIC:
        _before(engine, signature, _check_arithmetic)
    engine.add_builtin("between", 3, SimpleBuiltIn(_between))
    _before(engine, "between/3", _check_between)
    _before(engine, "length/2", _check_length)
    for signature in BROKEN:
        _before(engine, signature, _refuse)


def arithmetic_value(term: Any, functions: Any = None) -> Any:
    """The value of an arithmetic expression; GroundingError where it is text, or a number beyond all use."""
    if isinstance(term, Constant):
        if isinstance(term.value, str):
            raise GroundingError(f"{term} is text, not a number")
        return term.value
    if not isinstance(term, Term) or term.is_var() or not term.args:
        return term.compute_value(functions) if isinstance(term, Term) else term
    values = [arithmetic_value(argument, functions) for argument in term.args]
    name = unquote(str(term.functor))
    if name in ("**", "^", "<<") and len(values) == 2 and all(isinstance(value, int) for value in values):
        base, exponent = values
        bits = abs(base).bit_length() + exponent if name == "<<" else abs(base).bit_length() * exponent
        if bits > MOST_BITS and (name == "<<" or abs(base) > 1):
            raise GroundingError(f"'{term}' has thousands of digits")
    try:
        value = term.with_args(*map(Constant, values)).compute_value(functions)
    except OverflowError:
        raise GroundingError(f"'{term}' is a number beyond what can be written") from None
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise GroundingError(f"'{term}' has thousands of digits")
    return value


def _before(engine: Any, signature: str, check: Callable[..., None]) -> None:
    original = engine.get_builtin(engine.get_builtins()[signature])

    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            check(signature, args, kwargs["engine"])
        except GroundingError as error:
            if error.location is None:
                origin = kwargs.get("call_origin") or (None, None)
                error.location = kwargs["database"].lineno(origin[1])
            raise
        return original(*args, **kwargs)

    name, _, arity = signature.rpartition("/")
    engine.add_builtin(name, int(arity), checked)


def _check_arithmetic(signature: str, args: tuple, engine: GenericEngine) -> None:
    for expression in args[1:] if signature == "is/2" else args:
        if isinstance(expression, Term) and expression.args and expression.is_ground():
            arithmetic_value(expression, getattr(engine, "functions", None))
        elif isinstance(expression, Constant):
            arithmetic_value(expression)


def _check_between(signature: str, args: tuple, engine: GenericEngine) -> None:
    low, high, value = args
    bounds = [bound.value for bound in (low, high) if isinstance(bound, Constant)]
    first, last, *_ = [*(bound for bound in bounds if isinstance(bound, int)), 0, 0]
    if len(bounds) == 2 and not isinstance(value, Constant) and last - first > MOST_VALUES:
        raise GroundingError(f"between({low}, {high}, _) has more than {MOST_VALUES:,} answers")


def _between(low: Term, high: Term, value: Term, **where: Any) -> "Sequence[tuple] | None":
    """between/3, with answers that are made one by one: ProbLog makes a list of all of them first."""
    if check_mode((low, high, value), ["iii", "iiv"], functor="between", **where) == 0:
        return [(low, high, value)] if int(low) <= int(value) <= int(high) else None
    return _Between(low, high)


class _Between(Sequence[tuple]):
    def __init__(self, low: Term, high: Term):
        self.low, self.high, self.values = low, high, range(int(low), int(high) + 1)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, place: Any) -> Any:
        return self.low, self.high, Constant(self.values[place])


def _check_length(signature: str, args: tuple, engine: GenericEngine) -> None:
    if isinstance(args[1], Constant) and isinstance(args[1].value, int) and args[1].value > MOST_ELEMENTS:
        raise GroundingError(f"length(_, {args[1]}) makes a list of more than {MOST_ELEMENTS:,} elements")


def _refuse(signature: str, args: tuple, engine: GenericEngine) -> None:
    raise GroundingError(f"{signature} does not work in ProbLog: it needs a module that ProbLog has not")
