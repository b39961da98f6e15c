"""The programs of a task, compiled: log P of the queries of each template, from what the networks give."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import torch
from jaxtyping import Float, Int
from problog.logic import Constant, Term
from torch import Tensor, nn

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import Blocks
from gedi_nesy.logic import Program, ProgramError, Query
from gedi_nesy.logic.errors import did_you_mean
from gedi_nesy.logic.language.neural import neural_predicates
from gedi_nesy.logic.language.source import Source
from gedi_nesy.logic.query import answer_key
from gedi_nesy.tasks.task import NetworkSpec, Queries

TRUE_OR_FALSE = (Term("true"), Term("false"))
"""What the outputs of a network of two arguments mean: nn(network, [X]) :: fact(X)."""


class Outputs(nn.Module):
    """Stands in for a network while a program is compiled: training hands over log-probabilities itself."""

    def __init__(self, num_clusters: int):
        super().__init__()
        self.num_clusters = num_clusters

    def log_probs(self, x: Tensor) -> Tensor:
        raise AssertionError("queries are evaluated from log-probabilities")


class CompiledTemplate(NamedTuple):
    """A template, and which network reads which of its images: (network, image), in the order of its blocks."""

    query: Query
    readings: tuple[tuple[str, str], ...]
    program: str
    """its file"""

    def log_prob(self, blocks: Blocks, columns: Tensor | None) -> Float[Tensor, " query"]:
        """log P of each query, or of the answer in the column that each has."""
        found = self.log_distribution(blocks)
        return found[:, 0] if columns is None else found.gather(1, columns[:, None])[:, 0]

    def log_distribution(self, blocks: Blocks) -> Float[Tensor, "query answer"]:
        """log P of every answer of each query."""
        outputs: dict[str, dict[str, Tensor]] = {}
        for (network, image), block in zip(self.readings, blocks, strict=True):
            outputs.setdefault(image, {})[network] = block
        return self.query.log_distribution_of(**outputs)


class TaskLogProb(nn.Module):
    """log P of the queries of any template; its parameters are the t(...) of all programs, each once."""

    def __init__(self, templates: Sequence[CompiledTemplate], programs: Mapping[str, Program]):
        super().__init__()
        self.templates = tuple(templates)
        self.programs = tuple(programs)
        self.facts = nn.ModuleList(program.learnable for program in programs.values())

    def forward(
        self, blocks: Blocks, answers: Int[Tensor, " query"] | None = None, *, template: int = 0
    ) -> Float[Tensor, " query"]:
        return self.templates[template].log_prob(blocks, answers)


class Domain(NamedTuple):
    """What the programs say of a network: its number of outputs, and what they mean, where they do."""

    size: int
    values: tuple[Term, ...]


def domains(queries: Sequence[Queries]) -> dict[str, Domain]:
    """By network, what the programs of these queries expect of it; ProgramError where a file cannot be used."""
    found: dict[str, Domain] = {}
    for path in dict.fromkeys(os.fspath(each.program) for each in queries):
        for predicate in neural_predicates(Source.from_file(path)):
            if predicate.kind == "tensor":
                raise ProgramError(
                    f"{predicate.where}: {predicate.name} returns a tensor; a task is trained by nn/4 and nn/2"
                )
            size = len(predicate.domain) or 2
            values = predicate.domain or TRUE_OR_FALSE
            before = found.setdefault(predicate.network, Domain(size, values))
            if before.size != size:
                raise ProgramError(
                    f"{predicate.where}: '{predicate.network}' has {size} outputs here and {before.size} elsewhere"
                )
    return found


def compile_queries(
    queries: Sequence[Queries],
    networks: Mapping[str, NetworkSpec],
    known: Mapping[str, Domain],
    allow_python: bool = False,
) -> tuple[TaskLogProb, list[Tensor]]:
    """The compiled templates, and for each its queries' answers as columns; empty where it has none."""
    for name in networks:
        if name not in known:
            raise DataError(f"no program of the task has a network '{name}'{did_you_mean(name, known)}")
    outputs = {
        name: Outputs((networks[name].num_clusters if name in networks else None) or domain.size)
        for name, domain in known.items()
    }
    programs: dict[str, Program] = {}
    templates, answers = [], []
    for each in queries:
        path = os.fspath(each.program)
        if path not in programs:
            programs[path] = Program.from_file(path, outputs, allow_python)
        name = each.answer[0] if each.answer else None
        compiled = programs[path].compile(each.query, images=list(each.images), answer=name)
        templates.append(CompiledTemplate(compiled, readings_of(compiled), path))
        answers.append(columns(compiled, each.answer[1]) if each.answer else torch.empty(0, dtype=torch.long))
    return TaskLogProb(templates, programs), answers


def readings_of(query: Query) -> tuple[tuple[str, str], ...]:
    """Which network reads which image of a query: (network, image)."""
    for slot in query.slots:
        if len(slot.images) != 1:
            raise DataError(
                f"{query.text}: network '{slot.network}' reads {', '.join(slot.images)} at once; it can read one"
            )
    found = [
        (slot.network, image) for image in query.images for slot in query.slots if slot.images == (image,)
    ]
    if not found:
        raise DataError(f"{query.text}: no network reads any of its images")
    return tuple(dict.fromkeys(found))


def columns(query: Query, values: Sequence[Any] | Tensor) -> Int[Tensor, " query"]:
    """The column of each answer: a number, an atom as text, or a tuple for a Prolog pair or list."""
    given = values.tolist() if isinstance(values, Tensor) else list(values)
    if not any(
        isinstance(value, tuple | list) or (isinstance(value, Term) and value.arity) for value in given
    ):
        return query.columns_of(given)
    places = answer_columns(query)
    for value in given:
        if value_key(value) not in places:
            known = ", ".join(map(str, query.answers[:12])) + (", ..." if len(query.answers) > 12 else "")
            raise ProgramError(f"{value!r} is no answer {query.answer} of {query.text}; answers: {known}")
    return torch.tensor([places[value_key(value)] for value in given])


def answer_columns(query: Query) -> dict[object, int]:
    """The column of each answer, by its `value_key`; 7 and 7.0 name the same one, where only one is an answer."""
    exact = {value_key(answer): column for column, answer in enumerate(query.answers)}
    numbers = {(not key[0], key[1]): column for key, column in exact.items() if _is_number(key)}
    return {**numbers, **exact}


def _is_number(key: object) -> TypeGuard[tuple[bool, float]]:
    return isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], bool)


def value_key(value: object) -> object:
    """As `answer_key`; parts of tuples and lists one by one."""
    if isinstance(value, tuple | list):
        return tuple(value_key(part) for part in value)
    if isinstance(value, Term) and not isinstance(value, Constant):
        parts = _parts(value)
        if parts is not None:
            return tuple(value_key(part) for part in parts)
    return answer_key(value)


def _parts(term: Term) -> list[Term] | None:
    """Of a Prolog pair (a, b, ...) or list [a, b, ...]; None for anything else."""
    functor, parts = str(term.functor).strip("'"), []
    if functor == ",":
        while isinstance(term, Term) and str(term.functor).strip("'") == ",":
            parts.append(term.args[0])
            term = term.args[1]
        return [*parts, term]
    while isinstance(term, Term) and str(term.functor) == "." and term.arity == 2:
        parts.append(term.args[0])
        term = term.args[1]
    return parts if str(term) == "[]" else None
