"""A ProbLog program with its networks, and the queries compiled from it."""

import os
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from problog.logic import Constant, Term, Var
from torch import Tensor, nn

from gedi_nesy.logic.circuit import Circuit, lay_out
from gedi_nesy.logic.compile import Compiled, compile_graph
from gedi_nesy.logic.errors import ProgramError, did_you_mean
from gedi_nesy.logic.graph import FALSE
from gedi_nesy.logic.ground import FrontEnd, Grounding, Slot, ground, image_term, substitute, variable_names
from gedi_nesy.logic.neural import Network, NeuralPredicate, check_networks, neural_predicates
from gedi_nesy.logic.python_guard import inspect
from gedi_nesy.logic.query import Evaluate, Query
from gedi_nesy.logic.reference import Reference
from gedi_nesy.logic.source import Source, parse_query
from gedi_nesy.logic.weights import LeafWeights

Engine = Literal["circuit", "deepproblog"]


class Program:
    """A parsed and checked program; `compile` turns a query shape into something that evaluates batches."""

    def __init__(self, source: Source, networks: Mapping[str, Network], allow_python: bool):
        if not allow_python:
            inspect(source)
        self.source = source
        self.networks = dict(networks)
        self.allow_python = allow_python
        self.neural_predicates: tuple[NeuralPredicate, ...] = neural_predicates(source)
        check_networks(self.neural_predicates, self.networks)
        self._front_end = FrontEnd(source, dict.fromkeys(self.networks, nn.Identity()), allow_python)
        self._compiled: dict[tuple, Query] = {}

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], networks: Mapping[str, Network], allow_python: bool = False
    ) -> "Program":
        """Read a .pl file; ProgramError with FILE:LINE if it cannot be used."""
        return cls(Source.from_file(path), networks, allow_python)

    @classmethod
    def from_string(
        cls, text: str, networks: Mapping[str, Network], name: str = "<string>", allow_python: bool = False
    ) -> "Program":
        """The same from program text; `name` is what errors call it."""
        return cls(Source.from_string(text, name), networks, allow_python)

    def compile(
        self, query: str, images: Sequence[str], answer: str | None = None, engine: Engine = "circuit"
    ) -> Query:
        """One query shape, compiled once and remembered.

        `images` name the variables of the query that stand for images, `answer` the one whose values are asked for. The
        same variable twice is the same image twice. `engine="deepproblog"` runs DeepProbLog's own exact engine instead.
        """
        key = (query, tuple(images), answer, engine)
        if key not in self._compiled:
            self._compiled[key] = self._compile(query, tuple(images), answer, engine)
        return self._compiled[key]

    def _compile(self, text: str, images: tuple[str, ...], answer: str | None, engine: Engine) -> Query:
        term = parse_query(text)
        self._check_query(text, term, images, answer)
        abstract = substitute(term, {name: image_term(index) for index, name in enumerate(images)})
        grounding = ground(self._front_end, abstract, images, self.neural_predicates)
        found, roots = _answers(abstract, grounding, answer)
        compiled = compile_graph(grounding.graph, roots)
        possible = [column for column, root in enumerate(compiled.roots) if root != FALSE]
        found, compiled.roots = [found[i] for i in possible], [compiled.roots[i] for i in possible]
        evaluate = _circuit_evaluate(compiled)
        _check_uncertain(text, grounding.slots, evaluate, len(found))
        if engine == "deepproblog":
            reference = Reference(self.source, list(self.networks), images, self.allow_python)
            evaluate = reference.evaluate(abstract, grounding.slots, found)
        elif engine != "circuit":
            raise ProgramError(f"unknown engine '{engine}'; known: circuit, deepproblog")
        values = (
            tuple(answer_term.args[_position(term, answer)] for answer_term in found) if answer else (term,)
        )
        return Query(text, images, answer, values, tuple(grounding.slots), engine, self.networks, evaluate)

    def _check_query(self, text: str, term: Term, images: tuple[str, ...], answer: str | None) -> None:
        names = variable_names(term)
        defined = self._front_end.defined_predicates()
        if term.signature not in defined:
            raise ProgramError(
                f"{self.source.name}: nothing defines {term.signature}, asked for in {text}"
                f"{did_you_mean(term.signature, defined)}"
            )
        for name in images:
            if name not in names:
                raise ProgramError(
                    f"image '{name}' is not a variable of the query {text}{did_you_mean(name, names)}"
                )
        if answer is not None and answer not in names:
            raise ProgramError(
                f"answer '{answer}' is not a variable of the query {text}{did_you_mean(answer, names)}"
            )
        if answer is not None and answer in images:
            raise ProgramError(f"'{answer}' cannot be both an image and the answer of {text}")
        for name in sorted(names - set(images) - {answer}):
            if not name.startswith("_"):
                raise ProgramError(
                    f"variable {name} of {text} is neither an image nor the answer; write _ for any value"
                )


def _position(term: Term, answer: str) -> int:
    return next(i for i, arg in enumerate(term.args) if arg == Var(answer))


def _answers(query: Term, grounding: Grounding, answer: str | None) -> tuple[list[Term], list[int]]:
    """The ground answers and their nodes; without an answer variable, the query itself and the disjunction of all."""
    roots = [(term, root) for term, root in grounding.roots if root != FALSE]
    if answer is None:
        return [query], [grounding.graph.disjunction(root for _, root in roots)]
    roots.sort(key=lambda pair: _sort_key(pair[0]))
    return [term for term, _ in roots], [root for _, root in roots]


def _check_uncertain(text: str, slots: Sequence[Slot], evaluate: Evaluate, answers: int) -> None:
    """Refuse queries whose probability no image can change, found by trying random network outputs."""
    if answers == 0:
        raise ProgramError(f"{text} has no proof: it is false whatever the images show")
    generator = torch.Generator().manual_seed(0)
    rows = [
        torch.rand(2, max(2, len(slot.domain)), generator=generator, dtype=torch.float64) for slot in slots
    ]
    outputs = [torch.log(row / row.sum(1, keepdim=True)) for row in rows]
    if (evaluate(outputs, 2, torch.zeros(2, 1, dtype=torch.float64)) > -1e-9).all():
        raise ProgramError(f"{text} is certain: it is true whatever the images show")


def _sort_key(term: Term) -> tuple:
    """Numbers by value, then everything else as written."""
    return tuple(
        (0, arg.value, "") if isinstance(arg, Constant) and not arg.is_string() else (1, 0, str(arg))
        for arg in term.args
    )


def _circuit_evaluate(compiled: Compiled) -> Evaluate:
    layout = lay_out(compiled.graph, compiled.roots)
    circuit = Circuit(layout)
    weights = LeafWeights(compiled.graph.variables, layout.leaves)

    def evaluate(outputs: Sequence[Tensor], batch: int, like: Tensor) -> Tensor:
        return circuit.to(like.device)(weights(outputs, torch.empty(0, 2), batch, like))

    return evaluate
