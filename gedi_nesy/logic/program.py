"""A ProbLog program with its networks, and the queries compiled from it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from problog.logic import Var, unquote
from torch import nn

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.circuits.store import Store
from gedi_nesy.logic.circuits.template import (
    Template,
    align,
    check_uncertain,
    circuit_evaluate,
    compile_template,
)
from gedi_nesy.logic.engines.table import ENGINES, CompiledQuery
from gedi_nesy.logic.engines.tensors import tensor_query
from gedi_nesy.logic.errors import ProgramError, did_you_mean
from gedi_nesy.logic.grounding.front_end import FrontEnd, binding, image_term, substitute
from gedi_nesy.logic.grounding.ground import Request
from gedi_nesy.logic.grounding.parameters import bind
from gedi_nesy.logic.grounding.slots import refuse_networks
from gedi_nesy.logic.language.learnable_statements import extract_learnable
from gedi_nesy.logic.language.neural import Network, NeuralPredicate, check_networks, neural_predicates
from gedi_nesy.logic.language.parts import ProgramParts
from gedi_nesy.logic.language.sandbox import Guard
from gedi_nesy.logic.language.source import Source, parse_query, variable_names
from gedi_nesy.logic.language.weights import check_statements
from gedi_nesy.logic.query import Query, answer_key

_Key = tuple[str, tuple[str, ...], str | None, str, tuple[str, ...]]


class Program:
    """A parsed and checked program; `compile` turns a query template into something that evaluates batches.

    `learnable` holds the program's t(...) facts; its parameters go to an optimizer beside those of the
    networks.
    """

    def __init__(
        self,
        source: Source,
        networks: Mapping[str, Network],
        allow_python: bool,
        store: Store | None = None,
        allow_outside: bool = False,
        budget: Budget = DEFAULT_BUDGET,
    ):
        guard = Guard(source, allow_python, allow_outside, budget)
        self.source = source
        self.networks = dict(networks)
        self.allow_python = allow_python
        check_statements(source)
        self.neural_predicates: tuple[NeuralPredicate, ...] = neural_predicates(source)
        check_networks(self.neural_predicates, self.networks)
        self.statements, self.learnable = extract_learnable(source)
        self.parts = ProgramParts(
            guard,
            tuple(self.statements),
            self.networks,
            self.neural_predicates,
            self.learnable,
        )
        self.front_end = FrontEnd(guard, self.statements, dict.fromkeys(self.networks, nn.Identity()), budget)
        # What a program that runs Python does is not determined by its text, so it is never cached on disk.
        if store is None and not allow_python:
            store = Store.default(source, {path: file.text for path, file in guard.files.items()})
        self.store = store
        self._compiled: dict[_Key, Query] = {}
        self._merged: dict[tuple[_Key, tuple], Query] = {}

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        networks: Mapping[str, Network],
        allow_python: bool = False,
        allow_outside: bool = False,
        budget: Budget = DEFAULT_BUDGET,
    ) -> "Program":
        """Read a .pl file; ProgramError with FILE:LINE if it cannot be used.

        `allow_python` lets it load Python, `allow_outside` consult files outside its folder;
        reading it and running its directives have the budget.
        """
        budget = budget.running()
        return cls(Source.from_file(path, budget), networks, allow_python, None, allow_outside, budget)

    @classmethod
    def from_string(
        cls,
        text: str,
        networks: Mapping[str, Network],
        name: str = "<string>",
        allow_python: bool = False,
        allow_outside: bool = False,
        budget: Budget = DEFAULT_BUDGET,
    ) -> "Program":
        """The same from program text; `name` is what errors call it, its folder the working directory."""
        budget = budget.running()
        source = Source.from_string(text, name, budget=budget)
        return cls(source, networks, allow_python, None, allow_outside, budget)

    def parameters(self) -> Iterator[nn.Parameter]:
        """The logits of the program's learnable facts; those of a t(_, X) once its queries are compiled."""
        self.learnable.handed_out = True
        return self.learnable.parameters()

    def compile(
        self,
        query: str,
        images: Sequence[str],
        answer: str | None = None,
        *,
        engine: str = "circuit",
        evidence: Sequence[str] = (),
        budget: Budget = DEFAULT_BUDGET,
    ) -> Query:
        """One query template, compiled once and remembered.

        `images` name the variables of the query that stand for images, `answer` the one whose values are
        asked for. The same variable twice is the same image twice. `evidence` adds to the program's own
        evidence(...); goals may mention the images and may begin with \\+. `engine="deepproblog"` runs
        DeepProbLog's own exact engine instead, `engine="klay"` the same circuit on KLay's layers.
        """
        key = (query, tuple(images), answer, engine, tuple(evidence))
        if key not in self._compiled:
            self._compiled[key] = self._compile(key, budget)
        return self._compiled[key]

    def solve(self, budget: Budget = DEFAULT_BUDGET) -> list[tuple[Any, float]]:
        """The probability of every answer to the program's own query(...) facts, given its evidence(...)."""
        template = self.own_template(budget)
        if not template.answers:
            return []
        like = torch.zeros(1, 1, dtype=torch.float64)
        try:
            values = circuit_evaluate(template, self.learnable)([], 1, like)[0].exp().tolist()
        except ProgramError as error:
            raise ProgramError(f"{self.source.name}: {error}") from None
        # An impossible answer evaluates to the floor, divided by the probability of the evidence.
        rows = zip(template.answers, values, template.circuit.roots, strict=False)
        return [(term, 0.0 if root is False else value) for term, value, root in rows]

    def own_template(self, budget: Budget = DEFAULT_BUDGET, asked: tuple[Any, ...] | None = None) -> Template:
        """The program's own query(...) facts, or other terms, compiled, a root an answer, given its evidence(...)."""
        budget = budget.running()
        template = self._template(self.own_request(budget, asked), budget)
        refuse_networks(self.source.name, template.slots)
        return template

    def own_request(self, budget: Budget, asked: tuple[Any, ...] | None = None) -> Request:
        """The program's own query(...) facts, or other terms, and its evidence(...)."""
        queries = tuple(self.front_end.own_queries(budget)) if asked is None else asked
        evidence = tuple(self.front_end.own_evidence(budget))
        return Request("query(...)", queries, evidence, (), merge=False, keep_false=True)

    def _merge(self, key: _Key, values: tuple, budget: Budget, same: Mapping[str, str]) -> Query:
        """The query in which some images are the same, with the columns of the one in which they are not."""
        text, images, answer, engine, evidence = key
        names = {name: Var(kept) for name, kept in same.items()}
        merged = (
            str(substitute(parse_query(text), names)),
            tuple(name for name in images if name not in same),
            answer,
            engine,
            tuple(str(substitute(parse_query(goal), names)) for goal in evidence),
        )
        if (merged, values) not in self._merged:
            self._merged[merged, values] = self._compile(merged, budget, values)
        return self._merged[merged, values]

    def _compile(self, key: _Key, budget: Budget, columns: tuple | None = None) -> Query:
        text, images, answer, engine, evidence = key
        if engine not in ENGINES:
            raise ProgramError(f"unknown engine '{engine}'; known: {', '.join(ENGINES)}")
        term = parse_query(text)
        self._check_query(text, term, images, answer)
        names = {name: image_term(index) for index, name in enumerate(images)}
        given = [substitute(parse_query(goal), names) for goal in evidence] + self.front_end.own_evidence()
        abstract = substitute(term, names)
        if any(predicate.kind == "tensor" for predicate in self.neural_predicates):
            return tensor_query(self.parts, text, abstract, images, answer)
        request = Request(text, (abstract,), tuple(given), images, merge=answer is None)
        template = self._template(request, budget)
        for slot in template.slots:
            if len(slot.images) < len(slot.inputs):
                inputs = ", ".join(str(term) for term in slot.inputs if term not in names.values())
                raise ProgramError(
                    f"{self.source.name}: network '{slot.network}' is asked to read {inputs},"
                    f" which is no image of {text}"
                )
        values = tuple(binding(term, found, answer) for found in template.answers) if answer else (term,)
        if columns is None:
            check_uncertain(text, template, circuit_evaluate(template, self.learnable))
        else:
            # Without an answer variable there is one column, which is false if the merged query has no proof.
            found = (
                [answer_key(value) for value in (values if answer else columns)] if template.answers else []
            )
            template, values = align(template, found, [answer_key(value) for value in columns]), columns
        terms = [substitute(abstract, {answer: value}) for value in values] if answer else [abstract]
        evaluate = ENGINES[engine](self.parts, CompiledQuery(text, images, template, abstract, terms))
        merge = partial(self._merge, key, values, budget)
        return Query(
            text, images, answer, values, engine, self.networks, evaluate, template, self.learnable, merge
        )

    def _template(self, request: Request, budget: Budget) -> Template:
        with Watch(self.source.name, request.text, budget) as watch:

            def compiled() -> Template:
                return compile_template(self.front_end, request, self.neural_predicates, watch)

            template = compiled() if self.store is None else self.store.get(request, compiled)
        return replace(template, variables=bind(template.variables, self.learnable))

    def _check_query(self, text: str, term: Any, images: tuple[str, ...], answer: str | None) -> None:
        names = variable_names(term)
        if unquote(str(term.functor)) in (",", ";", "\\+", "not", ":-"):
            raise ProgramError(f"{text} is not a single goal; give it a name by a clause of the program")
        if not self.front_end.defines(term):
            hint = did_you_mean(term.signature, self.front_end.defined_predicates())
            raise ProgramError(
                f"{self.source.name}: nothing defines {term.signature}, asked for in {text}{hint}"
            )
        if len(set(images)) < len(images):
            raise ProgramError(f"the images {', '.join(images)} of {text} name one variable twice")
        for kind, wanted in (("image", images), ("answer", (answer,) if answer is not None else ())):
            for name in wanted:
                if name not in names:
                    hint = did_you_mean(name, names)
                    raise ProgramError(f"{kind} '{name}' is not a variable of the query {text}{hint}")
        if answer in images:
            raise ProgramError(f"'{answer}' cannot be both an image and the answer of {text}")
        for name in sorted(names - set(images) - {answer}):
            if not name.startswith("_"):
                raise ProgramError(
                    f"variable {name} of {text} is neither an image nor the answer; write _ for any value"
                )
