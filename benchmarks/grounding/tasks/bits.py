"""Formulas over bits: images of 0 and 1."""

from collections.abc import Callable

from benchmarks.grounding.tasks.problem import RULES, Drawer, Given, Problem, Sources, columns
from gedi_nesy.data.dataset import Split
from gedi_nesy.tasks import Queries, Task

NETWORK = "bit_net"


def bits_of(split: Split) -> Split:
    """The images of 0 and 1 alone."""
    chosen = split.labels < 2
    return Split(split.images[chosen], split.labels[chosen])


def _formula(query: str, answer_of: Callable[[list[int]], int], readings: int) -> Problem:
    def make(sources: Sources, num: int, seed: int) -> Given:
        train = bits_of(sources.train)
        drawer = Drawer(train.labels, seed)
        symbols = [[drawer.random.randrange(2) for _ in range(3)] for _ in range(num)]
        images = columns(drawer.images(symbols), "ABC")
        queries = [Queries(RULES / "bits.pl", query, images, ("N", [answer_of(each) for each in symbols]))]
        task = Task(pools={"images": train.images}, queries=queries)
        return Given(task, {NETWORK: train.labels}, {NETWORK: bits_of(sources.unseen)})

    return Problem(
        queries=300,
        make=make,
        protocol=f"three bits, each drawn evenly; of {query} only N is known",
        readings=readings,
    )


PROBLEMS: dict[str, Problem] = {
    # three bits exchanged turn the result round: with two, nothing would tell 0 from 1
    "xor": _formula("xor(A, B, C, N)", lambda s: sum(s) % 2, 1),
    "either": _formula("either(A, B, C, N)", lambda s: max(s[0] * s[1], 1 - s[2]), 1),
}
