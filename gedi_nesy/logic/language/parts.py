"""What a program consists of once it is read and checked: all that an engine needs of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gedi_nesy.logic.language.learnable import LearnableFacts
from gedi_nesy.logic.language.neural import Network, NeuralPredicate
from gedi_nesy.logic.language.sandbox import Guard


@dataclass(frozen=True)
class ProgramParts:
    """`statements` are those of the source with every t(...) numbered, as `learnable` counts them."""

    guard: Guard
    statements: tuple[Any, ...]
    networks: Mapping[str, Network]
    predicates: tuple[NeuralPredicate, ...]
    learnable: LearnableFacts

    @property
    def name(self) -> str:
        """What errors call the program."""
        return self.guard.source.name
