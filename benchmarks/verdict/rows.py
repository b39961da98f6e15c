"""The rows of the verdict benchmark: rules, and the ways in which a run is made to fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gedi_nesy.audit.verdict import Kind

RULES = Path(__file__).parent / "rules"

Symbols = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A program and its query; `answer_of` gives the value of the answer N, without it a query is one that `holds`.

    `lengths` are the numbers of images that a query may have.
    """

    file: str
    query: str
    lengths: tuple[int, ...]
    answer_of: Callable[[Symbols], int] | None = None
    holds: Callable[[Symbols], bool] = lambda symbols: True

    @property
    def path(self) -> Path:
        return RULES / f"{self.file}.pl"


RULE: dict[str, Rule] = {
    "max": Rule(file="max", query="larger(A, B, N)", lengths=(2,), answer_of=max),
    "difference": Rule(
        file="difference", query="difference(A, B, N)", lengths=(2,), answer_of=lambda s: s[0] - s[1]
    ),
    "product mod 7": Rule(
        file="product_mod_7", query="product(A, B, N)", lengths=(2,), answer_of=lambda s: s[0] * s[1] % 7
    ),
    "product": Rule(file="product", query="product(A, B, N)", lengths=(2,), answer_of=lambda s: s[0] * s[1]),
    "sum": Rule(file="sum_of_two", query="sum(A, B, N)", lengths=(2,), answer_of=sum),
    "sum of three": Rule(file="sum_of_three", query="sum(A, B, C, N)", lengths=(3,), answer_of=sum),
    "triples": Rule(
        file="triples", query="addition(A, B, C)", lengths=(3,), holds=lambda s: s[0] + s[1] == s[2]
    ),
    "next": Rule(file="next", query="next(A, B)", lengths=(2,), holds=lambda s: (s[0] + 1) % 10 == s[1]),
    "less": Rule(file="less", query="less(A, B)", lengths=(2,), holds=lambda s: s[0] < s[1]),
    "two digits": Rule(
        file="two_digits",
        query="below(A, B, C, D)",
        lengths=(4,),
        holds=lambda s: 10 * s[0] + s[1] < 10 * s[2] + s[3],
    ),
    "sorted": Rule(
        file="sorted", query="sorted({images})", lengths=(3, 4, 5), holds=lambda s: list(s) == sorted(s)
    ),
}

EVEN_ODD = frozenset(
    order
    for a, b in ((0, 6), (2, 8), (4, 6), (4, 8), (1, 5), (3, 7), (1, 9), (3, 9))
    for order in ((a, b), (b, a))
)
"""The pairs of MNIST-EvenOdd: their sums leave two one-to-one readings."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A rule, what is wrong with the run, and which verdicts are `right`.

    Without any of these, it is `grounded` at an accuracy of 0.9 and more, and `unlearned` or `collapsed` below; but
    `ambiguous` where the queries, with their true symbols, admit other readings.
    """

    rule: str
    truth: str | None = None
    """the rule that the answers come from, where it is another one"""
    shown: frozenset[Symbols] | None = None
    queries: int | None = None
    wrong: float = 0.0
    """share of queries with another answer"""
    classless: bool = False
    """images of noise"""
    short: bool = False
    off: Mapping[str, float] = field(default_factory=dict)
    """weights of terms that are changed; without L_INV there is one restart, as there are no clusters to be named"""
    right: tuple[Kind, ...] = ()


RowName = Literal[
    "max",
    "difference",
    "product mod 7",
    "product",
    "sum of three",
    "triples",
    "less",
    "two digits",
    "sorted",
    "30% wrong",
    "too short",
    "rule alone",
    "wrong rule",
    "even odd",
    "next",
    "noise",
    "20 queries",
    "30 queries",
    "60 queries",
    "100 queries",
]

ROWS: dict[RowName, Row] = {
    "max": Row(rule="max"),
    "difference": Row(rule="difference"),
    # nothing tells 0 from 7, 1 from 8, 2 from 9
    "product mod 7": Row(rule="product mod 7", right=("ambiguous",)),
    "product": Row(rule="product"),
    "sum of three": Row(rule="sum of three"),
    "triples": Row(rule="triples"),
    "less": Row(rule="less"),
    "two digits": Row(rule="two digits"),
    "sorted": Row(rule="sorted"),
    "30% wrong": Row(rule="sum", wrong=0.3),
    "too short": Row(rule="max", short=True),
    "rule alone": Row(rule="triples", off={"inv": 0.0, "prior": 0.0}, right=("collapsed", "unlearned")),
    "wrong rule": Row(rule="difference", truth="max", right=("wrong-rule",)),
    "even odd": Row(rule="sum", shown=EVEN_ODD, right=("ambiguous",)),
    "next": Row(rule="next", right=("ambiguous",)),
    "noise": Row(rule="max", classless=True, right=("unlearned", "collapsed")),
    "20 queries": Row(rule="sum", queries=20),
    "30 queries": Row(rule="sum", queries=30),
    "60 queries": Row(rule="sum", queries=60),
    "100 queries": Row(rule="sum", queries=100),
}

STUDY: tuple[RowName, ...] = (
    "max",
    "difference",
    "product mod 7",
    "product",
    "sum of three",
    "30% wrong",
    "too short",
    "rule alone",
    "wrong rule",
    "even odd",
    "noise",
    "20 queries",
)
"""Half of them made to fail: the rows of the table, unless others are asked for."""


def is_right(row: Row, verdict: str, accuracy: float, readings: int | None = 1) -> bool:
    """Whether labels agree with a verdict; `readings` are those that the true symbols of the queries admit."""
    if row.right:
        return verdict in row.right
    if readings is None or readings > 1:
        return verdict == "ambiguous" and readings is not None
    return verdict == "grounded" if accuracy >= 0.9 else verdict in ("unlearned", "collapsed")
