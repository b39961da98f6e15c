"""Rules about digits: sums, products, comparisons, remainders, equations, numbers of two digits."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.grounding.tasks.problem import RULES, Drawer, Given, Problem, Sources, columns
from gedi_nesy.tasks import Queries, Task, lists

PROGRAMS = Path(__file__).parents[3] / "programs"
NETWORK, DIGITS = "digit_net", 10

Symbols = tuple[int, ...]


def _task(sources: Sources, queries: list[Queries]) -> Given:
    task = Task(pools={"images": sources.train.images}, queries=queries)
    return Given(task, {NETWORK: sources.train.labels}, {NETWORK: sources.unseen})


def _answered(
    program: Path, query: str, length: int, answer_of: Callable[[Symbols], int], readings: int = 1
) -> Problem:
    def make(sources: Sources, num: int, seed: int) -> Given:
        drawer = Drawer(sources.train.labels, seed)
        symbols = [tuple(drawer.random.randrange(DIGITS) for _ in range(length)) for _ in range(num)]
        images = columns(drawer.images(symbols), "ABCD"[:length])
        answers = [answer_of(each) for each in symbols]
        return _task(sources, [Queries(program, query, images, ("N", answers))])

    return Problem(
        queries=1000,
        make=make,
        protocol=f"{length} digits, each of ten drawn evenly; of {query} only N is known",
        readings=readings,
    )


def _sorted(sources: Sources, num: int, seed: int) -> Given:
    drawer = Drawer(sources.train.labels, seed)
    lengths = [drawer.random.choice((3, 4, 5)) for _ in range(num)]
    symbols = [sorted(drawer.random.randrange(DIGITS) for _ in range(length)) for length in lengths]
    return _task(sources, lists(RULES / "sorted.pl", "sorted({images})", "images", drawer.images(symbols)))


def _equations(sources: Sources, num: int, seed: int) -> Given:
    """As many of sums as of products, and of each as many that hold as do not."""
    drawer = Drawer(sources.train.labels, seed)
    queries = []
    for query, value in (
        ("sums(A, B, C, D, N)", sum),
        ("products(A, B, C, D, N)", lambda pair: pair[0] * pair[1]),
    ):
        symbols: dict[bool, list[Symbols]] = {True: [], False: []}
        while min(map(len, symbols.values())) < (num + 3) // 4:
            drawn = tuple(drawer.random.randrange(DIGITS) for _ in range(4))
            symbols[value(drawn[:2]) == value(drawn[2:])].append(drawn)
        both = [each[: (num + 3) // 4] for each in symbols.values()]
        images = columns(drawer.images([*both[0], *both[1]]), "ABCD")
        answers = ["yes"] * len(both[0]) + ["no"] * len(both[1])
        queries.append(Queries(RULES / "equations.pl", query, images, ("N", answers)))
    return _task(sources, queries)


def _two_numbers(symbols: Symbols) -> int:
    a, b, c, d = symbols
    return 10 * (a + c) + b + d


PROBLEMS: dict[str, Problem] = {
    "addition": _answered(PROGRAMS / "sum.pl", "sum(A, B, N)", 2, sum),
    "product": _answered(RULES / "product.pl", "product(A, B, N)", 2, lambda s: s[0] * s[1]),
    "maximum": _answered(RULES / "maximum.pl", "maximum(A, B, N)", 2, max),
    # even digits among each other, odd ones among each other, and all of the ones with all of the others
    "parity": _answered(RULES / "parity.pl", "parity(A, B, N)", 2, lambda s: sum(s) % 2, readings=28_800),
    "clock": _answered(RULES / "clock.pl", "clock(A, B, N)", 2, lambda s: sum(s) % 12),
    "multi-digit": _answered(PROGRAMS / "numbers.pl", "addition([A, B], [C, D], N)", 4, _two_numbers),
    "sorted": Problem(
        queries=1000,
        make=_sorted,
        protocol="lists of 3 to 5 digits in ascending order; only that they are in order is known",
        readings=1,
    ),
    "equations": Problem(
        queries=1000,
        make=_equations,
        protocol="four digits; half tell whether a + b = c + d, half whether a * b = c * d, and half of each hold",
        readings=1,
    ),
}
