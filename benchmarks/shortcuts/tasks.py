"""The tasks of the shortcuts benchmark: which queries training shows, and which combinations it never does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROGRAMS = Path(__file__).parents[2] / "programs"

TaskName = Literal["half", "even_odd", "triples", "sums", "xor"]

Pattern = tuple[int, ...]
"""The true symbols of a query's images."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One program and its queries. An `answer` is a variable of the query, and `answer_of` its value for a pattern.

    `large` and `small` are the numbers of (training, test, unseen) queries on data sets of 60,000 and of 5,000 images.
    """

    program: Path
    query: str
    images: tuple[str, ...]
    answer: str | None
    network: str
    symbols: int
    shown: tuple[Pattern, ...]
    unseen: tuple[Pattern, ...]
    answer_of: Callable[[Pattern], int]
    large: tuple[int, int, int]
    small: tuple[int, int, int]

    def holds(self, pattern: Pattern, answer: int | None) -> bool:
        """Whether these symbols give the answer; without one, whether the last symbol is what the others give."""
        if self.answer is None:
            return self.answer_of(pattern[:-1]) == pattern[-1]
        return self.answer_of(pattern) == answer


def _sums(
    name: str, symbols: int, pairs: list[Pattern], large: tuple[int, int, int], small: tuple[int, int, int]
) -> Task:
    """Sums of two digits; a pair is shown in both orders, and all other pairs are unseen."""
    shown = sorted({order for a, b in pairs for order in ((a, b), (b, a))})
    every = [(a, b) for a in range(symbols) for b in range(symbols)]
    return Task(
        program=PROGRAMS / f"{name}.pl",
        query="sum(A, B, N)",
        images=("A", "B"),
        answer="N",
        network="digit_net",
        symbols=symbols,
        shown=tuple(shown),
        unseen=tuple(pair for pair in every if pair not in shown),
        answer_of=sum,
        large=large,
        small=small,
    )


TASKS: dict[TaskName, Task] = {
    "half": _sums("half", 5, [(0, 0), (0, 1), (2, 3), (2, 4)], (2940, 420, 420), (1000, 420, 420)),
    "even_odd": _sums(
        "even_odd",
        10,
        [(0, 6), (2, 8), (4, 6), (4, 8), (1, 5), (3, 7), (1, 9), (3, 9)],
        (6720, 960, 960),
        (2000, 960, 960),
    ),
    "triples": Task(
        program=PROGRAMS / "addition.pl",
        query="addition(A, B, C)",
        images=("A", "B", "C"),
        answer=None,
        network="digit_net",
        symbols=10,
        shown=tuple((a, b, a + b) for a in range(10) for b in range(10 - a)),
        unseen=(),
        answer_of=sum,
        large=(5000, 1000, 0),
        small=(1000, 1000, 0),
    ),
    "sums": _sums(
        "sum", 10, [(a, b) for a in range(10) for b in range(10)], (5000, 1000, 0), (1000, 1000, 0)
    ),
    "xor": Task(
        program=PROGRAMS / "xor.pl",
        query="parity([A, B], P)",
        images=("A", "B"),
        answer="P",
        network="bit_net",
        symbols=2,
        shown=tuple((a, b) for a in (0, 1) for b in (0, 1)),
        unseen=(),
        answer_of=lambda bits: sum(bits) % 2,
        large=(2000, 400, 0),
        small=(500, 400, 0),
    ),
}

RowName = Literal[
    "constraint alone",
    "+ entropy",
    "+ prior",
    "+ inv and prior",
    "all four",
    "alone, search",
    "entropy, search",
    "prior, search",
]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Which weights a row changes, and whether it has restarts, permutation search and verification, or one run.

    `entropy` is the weight of that of the batch-mean prediction, a common remedy for shortcuts. Without L_INV a network
    has no clusters that could be renamed, and others train it once: this is the row of that name. Its `search`
    sibling has what the rows with L_INV have, so that a difference between these two is the terms' alone.
    """

    weights: dict[str, float]
    searched: bool


_ALONE = {"gen": 0.0, "inv": 0.0, "prior": 0.0}

ROWS: dict[str, Row] = {
    "constraint alone": Row(weights=_ALONE, searched=False),
    "+ entropy": Row(weights={**_ALONE, "entropy": 1.0}, searched=False),
    "+ prior": Row(weights={"gen": 0.0, "inv": 0.0}, searched=False),
    "+ inv and prior": Row(weights={"gen": 0.0}, searched=True),
    "all four": Row(weights={}, searched=True),
    "alone, search": Row(weights=_ALONE, searched=True),
    "entropy, search": Row(weights={**_ALONE, "entropy": 1.0}, searched=True),
    "prior, search": Row(weights={"gen": 0.0, "inv": 0.0}, searched=True),
}
PLAIN_ROWS: tuple[RowName, ...] = ("constraint alone", "+ entropy", "+ prior", "+ inv and prior", "all four")
"""Those of the table, unless others are asked for."""
