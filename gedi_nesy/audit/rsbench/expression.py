"""The expressions of rsbench's task files, such as `Or(And(a, b), Not(c))` or `2*a + b`: read, evaluated, translated.

rsbench hands them to sympy, which runs what it reads as Python. Here Python's parser alone sees the text, and only the
operators of the table below are taken from what it gives. What sympy understands otherwise than people would, and what
has no integer values, is refused.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from jaxtyping import Int

from gedi_nesy.errors import ConfigError, did_you_mean

Kind = Literal["number", "condition"]
Values = Int[np.ndarray, "..."]
"""Of an expression, in each of many worlds; a condition has 0 and 1."""

MOST_CHARACTERS = 5000
MOST_EXPONENT = 16
MOST_OPERATORS = 10_000
MOST_VALUE = 2**53
"""In absolute value: up to this all that calculates with it is exact."""


@dataclass(frozen=True)
class Operator:
    """What it takes and gives, for arrays and in ProbLog; None takes either kind, the same on both sides.

    A `prolog` that ends in a bracket open is a predicate: its last argument is what it gives.
    """

    takes: Kind | None
    gives: Kind
    apply: Callable[..., Values]
    prolog: str


OPERATORS = {
    "+": Operator("number", "number", lambda a, b: a + b, "({} + {})"),
    "-": Operator("number", "number", lambda a, b: a - b, "({} - {})"),
    "*": Operator("number", "number", lambda a, b: a * b, "({} * {})"),
    "%": Operator("number", "number", lambda a, b: a % b, "({} mod {})"),
    "//": Operator("number", "number", lambda a, b: a // b, "({} // {})"),
    "minus": Operator("number", "number", lambda a: -a, "(0 - {})"),
    "And": Operator("condition", "condition", lambda a, b: a & b, "({} /\\ {})"),
    "Or": Operator("condition", "condition", lambda a, b: a | b, "({} \\/ {})"),
    "Xor": Operator("condition", "condition", lambda a, b: a ^ b, "({} xor {})"),
    "Not": Operator("condition", "condition", lambda a: 1 - a, "(1 - {})"),
    "Eq": Operator(None, "condition", lambda a, b: (a == b).astype(np.int64), "equal("),
    "Ne": Operator(None, "condition", lambda a, b: (a != b).astype(np.int64), "differ("),
    "<": Operator("number", "condition", lambda a, b: (a < b).astype(np.int64), "less("),
    "<=": Operator("number", "condition", lambda a, b: (a <= b).astype(np.int64), "at_most("),
}

PREDICATES = {
    "equal(": ("=:=", "=\\="),
    "differ(": ("=\\=", "=:="),
    "less(": ("<", ">="),
    "at_most(": ("=<", ">"),
}
"""By what a program calls a comparison: the test for 1, and that for 0."""

FUNCTIONS = ("And", "Or", "Xor", "Not", "Eq", "Ne")

_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Mod: "%",
    ast.FloorDiv: "//",
    ast.BitAnd: "And",
    ast.BitOr: "Or",
}
_UNARY = {ast.USub: "minus", ast.Invert: "Not"}
_COMPARISONS = {ast.Lt: ("<", False), ast.LtE: ("<=", False), ast.Gt: ("<", True), ast.GtE: ("<=", True)}
"""The operator, and whether its sides change places."""
_REFUSED = {
    ast.BitXor: "^ is a power to sympy; write Xor(a, b) or a**2",
    ast.Div: "/ is not read: labels are whole numbers; multiply both sides, or write //",
    ast.Eq: "== compares how two sides are written; write Eq(a, b)",
    ast.NotEq: "!= compares how two sides are written; write Ne(a, b)",
}


@dataclass(frozen=True)
class Expression:
    """A symbol, a whole number, or an operator of the table over others."""

    kind: Kind
    value: str | int
    children: tuple["Expression", ...] = ()
    size: int = 1

    def symbols(self) -> frozenset[str]:
        """Those that it mentions."""
        if not self.children:
            return frozenset() if isinstance(self.value, int) else frozenset({self.value})
        return frozenset().union(*(child.symbols() for child in self.children))

    def evaluate(self, symbols: Mapping[str, Values]) -> Values:
        """Its value in each world, from those of the symbols."""
        if isinstance(self.value, int):
            return np.asarray(self.value)
        if not self.children:
            return symbols[self.value]
        # without axes numpy gives a scalar
        return np.asarray(OPERATORS[self.value].apply(*(child.evaluate(symbols) for child in self.children)))

    def prolog(self, names: Mapping[str, str], goals: list[str]) -> str:
        """Its text in ProbLog's arithmetic; comparisons become goals, which come before."""
        if not self.children:
            return str(self.value) if isinstance(self.value, int) else names[self.value]
        form = OPERATORS[str(self.value)].prolog
        children = [child.prolog(names, goals) for child in self.children]
        if form not in PREDICATES:
            return form.format(*children)
        name = f"T{len(goals) + 1}"
        goals.append(f"{form}{', '.join(children)}, {name})")
        return name

    def largest(self, symbols: Mapping[str, int]) -> int:
        """An upper bound of its absolute value, and of all that is calculated on the way."""
        if isinstance(self.value, int):
            return abs(self.value)
        if not self.children:
            return symbols[self.value]
        each = [child.largest(symbols) for child in self.children]
        own = {"+": sum, "-": sum, "*": lambda parts: parts[0] * parts[1]}.get(self.value, max)(each)
        return max(own, *each, 1)


def parse(text: str, symbols: Mapping[str, Kind], where: str) -> Expression:
    """An expression over these symbols; ConfigError, which begins with `where`, for anything else."""
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(f"{where}: has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _Reader(symbols, where).read(tree.body)
    except (SyntaxError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{where}: '{_short(text)}' is no expression") from None
    except (RecursionError, MemoryError):
        raise ConfigError(f"{where}: '{_short(text)}' is nested too deeply") from None


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Reader:
    def __init__(self, symbols: Mapping[str, Kind], where: str):
        self.symbols = symbols
        self.where = where

    def read(self, node: ast.expr) -> Expression:
        found = None
        match node:
            case ast.Name(name):
                found = self._symbol(name)
            case ast.Constant(value) if type(value) is int:
                found = Expression("number", value)
            case ast.BinOp(left, ast.Pow(), right):
                found = self._power(left, right)
            case ast.BinOp(left, operator, right) if type(operator) in _BINARY:
                found = self._apply(_BINARY[type(operator)], [left, right])
            case ast.UnaryOp(ast.UAdd(), operand):
                found = self.read(operand)
            case ast.UnaryOp(operator, operand) if type(operator) in _UNARY:
                found = self._apply(_UNARY[type(operator)], [operand])
            case ast.Compare(left, [operator], [right]) if type(operator) in _COMPARISONS:
                name, turned = _COMPARISONS[type(operator)]
                found = self._apply(name, [right, left] if turned else [left, right])
            case ast.Call(ast.Name(name), arguments, []):
                found = self._call(name, arguments)
            case ast.BinOp(_, operator, _) | ast.Compare(_, [operator], [_]) if type(operator) in _REFUSED:
                raise ConfigError(f"{self.where}: {_REFUSED[type(operator)]}")
        if found is None:
            raise ConfigError(
                f"{self.where}: '{_short(ast.unparse(node))}' is not read; expected symbols, whole numbers,"
                f" + - * ** % //, & | ~, < <= > >=, and {', '.join(FUNCTIONS)}"
            )
        return found

    def _symbol(self, name: str) -> Expression:
        if name not in self.symbols:
            raise ConfigError(
                f"{self.where}: '{name}' is no symbol of the task{did_you_mean(name, self.symbols)}"
            )
        return Expression(self.symbols[name], name)

    def _power(self, base: ast.expr, exponent: ast.expr) -> Expression:
        match exponent:
            case ast.Constant(times) if type(times) is int and 1 <= times <= MOST_EXPONENT:
                factor = self.read(base)
                return reduce(lambda product, _: self._of("*", [product, factor]), range(times - 1), factor)
        raise ConfigError(
            f"{self.where}: '{_short(ast.unparse(exponent))}' is no exponent; expected 1 to {MOST_EXPONENT}"
        )

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> Expression:
        if name not in FUNCTIONS:
            raise ConfigError(f"{self.where}: '{name}' is no function{did_you_mean(name, FUNCTIONS)}")
        fits = len(arguments) == (1 if name == "Not" else 2) or (
            name in ("And", "Or", "Xor") and len(arguments) > 2
        )
        if not fits:
            wanted = "1 argument" if name == "Not" else "2 arguments"
            raise ConfigError(f"{self.where}: {name} takes {wanted}, found {len(arguments)}")
        return self._apply(name, arguments)

    def _apply(self, name: str, arguments: Sequence[ast.expr]) -> Expression:
        return self._of(name, [self.read(argument) for argument in arguments])

    def _of(self, name: str, children: Sequence[Expression]) -> Expression:
        wanted = OPERATORS[name].takes or children[0].kind
        for child in children:
            if child.kind != wanted:
                raise ConfigError(
                    f"{self.where}: {name} takes {wanted}s, and '{child.value}' is a {child.kind}"
                )
        if name in ("%", "//") and (not isinstance(children[1].value, int) or children[1].value < 1):
            raise ConfigError(f"{self.where}: {name} takes a whole number of at least 1 on its right")
        if len(children) > 2:
            half = len(children) // 2
            parts = [children[:half], children[half:]]
            children = [part[0] if len(part) == 1 else self._of(name, part) for part in parts]
        size = 1 + sum(child.size for child in children)
        if size > MOST_OPERATORS:
            raise ConfigError(
                f"{self.where}: has more than {MOST_OPERATORS:,} operators, powers multiplied out"
            )
        return Expression(OPERATORS[name].gives, name, tuple(children), size)
