"""What a query asks its networks to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from problog.logic import Term

from gedi_nesy.logic.errors import ProgramError


@dataclass(frozen=True)
class Slot:
    """A network reading one image (or several), and the neural predicate of the program that asks for it.

    `inputs` are the ground terms of the program; `images` names those that are images of the query.
    """

    network: str
    inputs: tuple[Term, ...]
    images: tuple[str, ...]
    predicate: str
    domain: tuple[Term, ...]


def refuse_networks(name: str, slots: Sequence[Slot]) -> None:
    """ProgramError where a program's own queries ask a network, which has no image to read."""
    if slots:
        inputs = ", ".join(map(str, slots[0].inputs))
        raise ProgramError(
            f"{name}: its queries ask network '{slots[0].network}' to read {inputs}; only programs without"
            " networks can be solved as they stand"
        )
