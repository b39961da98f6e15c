"""What a query asks its networks to read."""

from dataclasses import dataclass

from problog.logic import Term


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
