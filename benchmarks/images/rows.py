"""The rows: methods of `gedi_nesy.objectives.table`, each self-supervised one also with L_GEN, and k-means."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gedi_nesy.objectives.table import GEDI, METHODS, Objective

Reads = Literal["pixels", "features"]
GENERATIVE = {name: GEDI[name] for name in ("gen", "energy_l2")}
"""What "+ L_GEN" adds to a method: the weights that L_GEN has in GEDI."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is trained on the images, or on what is made of them."""

    reads: Reads = "pixels"
    """pixels, or features of a frozen encoder"""
    objective: Objective | None = None
    """None: nothing is trained"""
    first: str | None = None
    """what trains the encoder before the objective counts, one of `pretraining.config.CHOICES`; None: the preset's"""
    one_stage: bool = False
    """the objective counts from the first step on, whatever the preset"""

    @property
    def clusters(self) -> bool:
        """Whether p(y|x) is trained to be clusters; if not, k-means clusters the embeddings."""
        return self.objective is not None and _counts(self.objective, "inv", "prior")

    @property
    def generates(self) -> bool:
        """Whether the energy is learned, by L_GEN."""
        return self.objective is not None and _counts(self.objective, "gen")


def _counts(objective: Objective, *terms: str) -> bool:
    return any(objective.get(term, 0.0) > 0 for term in terms)


def self_supervised() -> list[str]:
    """The methods of the table that are none of GEDI's terms."""
    return [name for name, objective in METHODS.items() if not _counts(objective, "gen", "inv", "prior")]


def _rows() -> Iterator[tuple[str, Row]]:
    yield "k-means on pixels", Row()
    yield "JEM", Row(objective=METHODS["JEM"])
    for name in self_supervised():
        yield name, Row(objective=METHODS[name])
        yield f"{name} + L_GEN", Row(objective={**METHODS[name], **GENERATIVE})
    for name in ("GEDI no gen", "GEDI"):
        yield name, Row(objective=METHODS[name])
    for name in ("GEDI no gen", "GEDI"):
        yield f"SimCLR, then {name}", Row(objective=METHODS[name], first="simclr")
        yield f"{name}, one stage", Row(objective=METHODS[name], one_stage=True)
    yield "k-means on features", Row(reads="features")
    yield "GEDI on features", Row(reads="features", objective=METHODS["GEDI no gen"])


ROWS: dict[str, Row] = dict(_rows())
"""All of them, by the name that `--methods` takes; a new method of the library is there by itself."""

if TYPE_CHECKING:
    RowName = str
else:
    RowName = Literal[tuple(ROWS)]
"""The choices of `--methods`."""

OF_PIXELS: tuple[RowName, ...] = tuple(
    name for name, row in ROWS.items() if row.reads == "pixels" and row.first is None and not row.one_stage
)
"""The default: each method once, as the preset trains it."""
OF_FEATURES: tuple[RowName, ...] = tuple(name for name, row in ROWS.items() if row.reads == "features")
