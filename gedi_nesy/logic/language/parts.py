"""What a program consists of once it is read and checked: all that an engine needs of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gedi_nesy.logic.language.learnable import LearnableFacts
from gedi_nesy.logic.language.neural import Network, NeuralPredicate
from gedi_nesy.logic.language.source import Source


@dataclass(frozen=True)
class ProgramParts:
    """`statements` are those of `source` with every t(...) numbered, as `learnable` counts them."""

    source: Source
    statements: tuple[Any, ...]
    networks: Mapping[str, Network]
    predicates: tuple[NeuralPredicate, ...]
    learnable: LearnableFacts
    allow_python: bool
