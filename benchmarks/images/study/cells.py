"""What is trained: every method once, and ER beside its parents over batch sizes and momenta."""

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.images.config import ImagesConfig
from benchmarks.images.rows import OF_PIXELS, ROWS, RowName
from gedi_nesy.objectives.self_supervised.teacher import MOMENTUM

BATCH_SIZES, MOMENTA = (16, 32, 64, 128, 256), (0.5, 0.9, 0.99, 0.996, 0.999)
USUAL = 128
"""Images a step of every method where the batch size is not what is asked."""
PARENTS = {"ER": "SimCLR", "ER BYOL": "BYOL", "ER DINO": "DINO"}
SWEPT = tuple(name for child, parent in PARENTS.items() for name in (parent, child))
"""Each parent, then its ER."""
WITH_TEACHER = ("BYOL", "ER BYOL", "DINO", "ER DINO")
METHODS: tuple[RowName, ...] = tuple(
    name for name in OF_PIXELS if ROWS[name].objective is not None and not name.endswith("+ L_GEN")
)
"""Those of the study where `--methods` is left as it is."""


class Cell(NamedTuple):
    """One training."""

    row: RowName
    batch_size: int = USUAL
    momentum: float | None = None
    """of the teacher; None: the term's own"""

    @property
    def name(self) -> str:
        """For lines and folders."""
        teacher = "" if self.momentum is None else f", momentum {self.momentum:g}"
        return f"{self.row}, batch {self.batch_size}{teacher}"


def cells(config: ImagesConfig) -> tuple[Cell, ...]:
    """Each once."""
    return tuple(dict.fromkeys(_cells(methods(config))))


def methods(config: ImagesConfig) -> tuple[RowName, ...]:
    """The rows asked for that are trained; by default those without "+ L_GEN"."""
    asked = METHODS if config.methods == OF_PIXELS else config.methods
    return tuple(name for name in asked if ROWS[name].objective is not None and ROWS[name].reads == "pixels")


def _cells(rows: tuple[RowName, ...]) -> Iterator[Cell]:
    yield from (Cell(row) for row in rows)
    yield from (Cell(row, size) for row in rows if row in SWEPT for size in BATCH_SIZES)
    yield from (with_momentum(row, momentum) for row in rows if row in WITH_TEACHER for momentum in MOMENTA)


def with_momentum(row: RowName, momentum: float) -> Cell:
    """A method with this teacher; with the usual momentum it is the cell that all methods have."""
    return Cell(row, momentum=None if momentum == MOMENTUM else momentum)


def steps_of(cell: Cell, iterations: int) -> int:
    """As many images are shown whatever the batch size; `iterations` are those at the usual one."""
    return max(2, round(iterations * USUAL / cell.batch_size))
