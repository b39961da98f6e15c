"""Sudoku of four rows whose cells are images of digits: that grids are valid, and in some what two cells hold."""

from functools import cache, partial
from itertools import permutations, product

from benchmarks.grounding.tasks.problem import RULES, Drawer, Given, Problem, Sources
from gedi_nesy.data.dataset import Split
from gedi_nesy.tasks import Queries, Task, lists

NETWORK, CLUES = "cell_net", 10
"""Of ten grids one says what its first two cells hold, where clues are given."""


@cache
def grids() -> list[tuple[int, ...]]:
    """All 288 valid grids of the numbers 0 to 3, row by row."""
    rows = list(permutations(range(4)))
    found = []
    for grid in product(rows, repeat=4):
        lines = [*zip(*grid, strict=True)]
        blocks = [grid[r][c : c + 2] + grid[r + 1][c : c + 2] for r in (0, 2) for c in (0, 2)]
        if all(len(set(each)) == 4 for each in (*lines, *blocks)):
            found.append(tuple(cell for row in grid for cell in row))
    return found


def cells_of(split: Split) -> Split:
    """Images of 1 to 4; their clusters are 0 to 3."""
    chosen = (split.labels >= 1) & (split.labels <= 4)
    return Split(split.images[chosen], split.labels[chosen] - 1)


def _make(clues: bool, sources: Sources, num: int, seed: int) -> Given:
    train = cells_of(sources.train)
    drawer = Drawer(train.labels, seed)
    chosen = [drawer.random.choice(grids()) for _ in range(num)]
    told = chosen[: num // CLUES] if clues else []
    program = RULES / "sudoku.pl"
    queries: list[Queries] = lists(program, "valid({images})", "images", drawer.images(chosen[len(told) :]))
    if told:
        answers = [10 * (first + 1) + second + 1 for first, second, *_ in told]
        queries += lists(program, "clue({images}, N)", "images", drawer.images(told), ("N", answers))
    task = Task(pools={"images": train.images}, queries=queries)
    return Given(task, {NETWORK: train.labels}, {NETWORK: cells_of(sources.unseen)})


PROBLEMS: dict[str, Problem] = {
    "sudoku": Problem(
        queries=1000,
        make=partial(_make, False),
        protocol="valid grids of four rows, drawn evenly",
        readings=24,
    ),
    "sudoku, clues": Problem(
        queries=1000,
        make=partial(_make, True),
        protocol="the same; one grid of ten says what its first two cells hold",
        readings=1,
    ),
}
