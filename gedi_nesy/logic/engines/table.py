"""The engines by name: each turns a compiled query into a function that evaluates batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gedi_nesy.logic.circuits.template import Evaluate, Template, circuit_evaluate
from gedi_nesy.logic.engines.deepproblog_engine import Reference
from gedi_nesy.logic.engines.klay import KlayEvaluator
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.parts import ProgramParts


@dataclass(frozen=True)
class CompiledQuery:
    """A query as an engine gets it; `terms` are its answers, one a column, each in place of `abstract`."""

    text: str
    images: tuple[str, ...]
    template: Template
    abstract: Any
    terms: Sequence[Any]


Engine = Callable[[ProgramParts, CompiledQuery], Evaluate]


def _circuit(parts: ProgramParts, query: CompiledQuery) -> Evaluate:
    return circuit_evaluate(query.template, parts.learnable)


def _klay(parts: ProgramParts, query: CompiledQuery) -> Evaluate:
    return circuit_evaluate(query.template, parts.learnable, KlayEvaluator)


def _deepproblog(parts: ProgramParts, query: CompiledQuery) -> Evaluate:
    name = parts.name
    if any(not term.is_ground() for term in query.terms):
        raise ProgramError(f"{name}: engine 'deepproblog' cannot merge the answers of {query.text}")
    if query.template.conditional:
        raise ProgramError(f"{name}: engine 'deepproblog' ignores evidence; use engine 'circuit'")
    return Reference(parts, query.images).evaluate(query.abstract, query.template.slots, query.terms)


ENGINES: dict[str, Engine] = {"circuit": _circuit, "klay": _klay, "deepproblog": _deepproblog}
