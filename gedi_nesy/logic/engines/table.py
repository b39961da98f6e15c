"""The engines by name: each turns a compiled query into a function that evaluates batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gedi_nesy.logic.circuits.template import Evaluate, Shape, circuit_evaluate
from gedi_nesy.logic.engines.deepproblog_engine import Reference
from gedi_nesy.logic.engines.klay import KlayCircuit
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.parts import ProgramParts


@dataclass(frozen=True)
class CompiledQuery:
    """A query as an engine gets it; `terms` are its answers, one a column, each in place of `abstract`."""

    text: str
    images: tuple[str, ...]
    shape: Shape
    abstract: Any
    terms: Sequence[Any]


Engine = Callable[[ProgramParts, CompiledQuery], Evaluate]


def _circuit(parts: ProgramParts, query: CompiledQuery) -> Evaluate:
    return circuit_evaluate(query.shape, parts.learnable)


def _klay(parts: ProgramParts, query: CompiledQuery) -> Evaluate:
    return circuit_evaluate(query.shape, parts.learnable, KlayCircuit)


def _deepproblog(parts: ProgramParts, query: CompiledQuery) -> Evaluate:
    name = parts.source.name
    if any(not term.is_ground() for term in query.terms):
        raise ProgramError(f"{name}: engine 'deepproblog' cannot merge the answers of {query.text}")
    if query.shape.conditional:
        raise ProgramError(f"{name}: engine 'deepproblog' ignores evidence; use engine 'circuit'")
    return Reference(parts, query.images).evaluate(query.abstract, query.shape.slots, query.terms)


ENGINES: dict[str, Engine] = {"circuit": _circuit, "klay": _klay, "deepproblog": _deepproblog}
