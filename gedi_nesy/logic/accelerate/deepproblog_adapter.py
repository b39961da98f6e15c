"""An existing DeepProbLog model on compiled circuits: one changed line, `accelerate(model)` for
`model.set_engine(...)`.

The model keeps its networks, optimizers, tensor sources, queries and training loop. Its solver groups a
batch of queries by template, calls every network once on all distinct inputs, evaluates one circuit per template,
and runs one backward pass per optimizer step: the gradients that DeepProbLog's loss leaves on single
probabilities are collected and passed on together.
"""

import time
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from problog.logic import Term, is_variable
from torch import Tensor, nn

from gedi_nesy.logic.accelerate.gradient_accumulator import (
    GradientAccumulator,
    Waiting,
    backward,
    flush_before_step,
)
from gedi_nesy.logic.accelerate.grouping import Grouping, Member
from gedi_nesy.logic.accelerate.readings import read_networks
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget
from gedi_nesy.logic.engines.tensors import ProgramWarning
from gedi_nesy.logic.grounding.front_end import FrontEnd, image_term
from gedi_nesy.logic.language.deepproblog_api import ExactEngine, GraphSemiring, Model, Result
from gedi_nesy.logic.language.deepproblog_api import Query as DeepProbLogQuery
from gedi_nesy.logic.language.guarded_engine import guarded_engine
from gedi_nesy.logic.language.neural import expand_conditional, neural_predicates
from gedi_nesy.logic.language.sandbox import Guard
from gedi_nesy.logic.language.source import Source, defined_predicates, subterms
from gedi_nesy.logic.language.statements import heads_of


def accelerate(
    model: Model,
    allow_python: bool = False,
    budget: Budget = DEFAULT_BUDGET,
    allow_outside: bool = False,
) -> None:
    """Give a DeepProbLog model a solver that evaluates compiled circuits.

    Of a network with `k` set, k values count, as in that engine: the best ones in evaluation, in training k drawn by
    their probabilities. Programs that return tensors from networks, or have tensors for probabilities, keep
    DeepProbLog's own engine, with a warning. Evidence in the program is honoured, and the same image twice is one
    image: both differ from that engine.
    """
    statements = [expand_conditional(statement) for statement in model.program]
    source = Source("model", ".", "", tuple(statements), [None])
    guard = Guard(source, allow_python, allow_outside)
    slow = _only_for_stock(source)
    if slow:
        warnings.warn(f"{slow} needs DeepProbLog's own engine, which is kept", ProgramWarning, stacklevel=2)
        exact: Any = ExactEngine(model)
        exact.engine = guarded_engine(guard)
        # What it grounds depends on the values that a network chose, so with k nothing can be kept.
        model.set_engine(exact, cache=all(network.k is None for network in model.networks.values()))
        return
    front_end = FrontEnd(guard, statements, dict.fromkeys(model.networks, nn.Identity()))
    # Assigned as set_engine does; DeepProbLog declares the attribute with its own solver's type.
    model.solver = CircuitSolver(model, front_end, budget)  # pyright: ignore[reportAttributeAccessIssue]


_TENSORS = frozenset(
    f"{name}/{arity}"
    for names, arity in (
        ("embed max sigmoid mean stack cat list_to_tensor", 2),
        ("rbf add mul dot one_hot tensor_index", 3),
    )
    for name in names.split()
)
"""DeepProbLog's predicates that give a tensor."""


def _only_for_stock(source: Source) -> str:
    """What of a program compiled circuits do not cover, as a warning names it; "" if nothing."""
    for predicate in neural_predicates(source):
        if predicate.kind == "tensor":
            return f"network '{predicate.network}'"
    own = defined_predicates(source)
    called = {
        f"{term.functor}/{term.arity}" for statement in source.statements for term in subterms(statement)
    }
    for head in (head for statement in source.statements for head in heads_of(statement)):
        if head.probability is not None and is_variable(head.probability) and called & (_TENSORS - own):
            return f"{head.with_probability(None)}, whose probability may be a tensor,"
    return ""


class CircuitSolver:
    """What DeepProbLog's `Solver` is to its model: `solve`, and access to the engine's tensors."""

    def __init__(self, model: Model, front_end: FrontEnd, budget: Budget):
        self.model = model
        self.front_end = front_end
        self.engine = front_end.exact
        self.program = front_end.solver.program
        self.semiring = GraphSemiring
        self.grouping = Grouping(front_end, budget, lambda: self._learnable)
        self._learnable = torch.zeros(0, 2)
        self._pending: list[GradientAccumulator] = []

    def solve(self, batch: Sequence[DeepProbLogQuery]) -> list[Result]:
        """Probabilities of all queries, as DeepProbLog's results."""
        started = time.perf_counter()
        self.engine.tensor_store.clear()
        flush_before_step(self.model.optimizer, self, self._flush)
        groups = self.grouping.groups(batch)
        compiled = time.perf_counter()
        parameters = self._read_parameters()
        readings = read_networks(self.model.networks, groups)
        results: list[Any] = [None] * len(batch)
        waiting = Waiting(self._flush)
        for group in groups:
            columns = readings.columns(group)
            like = columns[0] if columns else torch.zeros(len(group.members), 1)
            probabilities = group.evaluate(columns, len(group.members), like).exp()
            rows = self._accumulating(
                probabilities, [member.column for member in group.members], parameters, waiting
            )
            for member, values in zip(group.members, rows, strict=True):
                results[member.position] = dict(zip(_answers(member), values, strict=True))
        shares = (compiled - started) / len(batch), (time.perf_counter() - compiled) / len(batch)
        semiring: Any = self.semiring(self.model, {}, None)
        return [Result(found, semiring, 0.0, shares[0], shares[1]) for found in results]

    def get_tensor(self, term: Term) -> Any:
        """A tensor from the engine's store."""
        return self.engine.get_tensor(term)

    def get_hyperparameters(self) -> dict[str, Any]:
        """For DeepProbLog's logs."""
        return {"engine": {"type": "CircuitSolver"}, "semiring": self.semiring.__name__}

    def _read_parameters(self) -> Tensor:
        """The model's t(...) as a tensor that collects their gradients, and the logs the circuits want."""
        values = torch.tensor(
            self.model.parameters, dtype=torch.float64, requires_grad=not self.model.eval_mode
        )
        tiny = torch.finfo(values.dtype).tiny
        self._learnable = (
            torch.log(torch.stack([values, 1 - values], dim=1) + tiny) if len(values) else torch.zeros(0, 2)
        )
        return values

    def _accumulating(
        self, probabilities: Tensor, columns: Sequence[int | None], parameters: Tensor, waiting: Waiting
    ) -> list[Sequence[Tensor]]:
        """The probabilities each query asks for, as tensors whose gradients are collected for one backward
        pass.
        """
        if self.model.eval_mode or not probabilities.requires_grad:
            rows = probabilities.detach()
            return [
                row.unbind() if c is None else row[c : c + 1].unbind()
                for row, c in zip(rows, columns, strict=True)
            ]
        return GradientAccumulator(probabilities, parameters, waiting, self._touched).rows(columns)

    def _touched(self, accumulator: GradientAccumulator) -> None:
        self._pending.append(accumulator)

    def _flush(self) -> None:
        """Pass the gradients collected since the last step on to networks and parameters."""
        pending, self._pending = self._pending, []
        backward(pending, self.model.optimizer.add_parameter_gradient)


def _answers(member: Member) -> list[Any]:
    """What a query's probabilities are of; a ground query is its own answer."""
    answers = member.template.answers
    if member.column is not None or (
        len(answers) == 1 and answers[0].is_ground() and member.term.is_ground()
    ):
        return [member.term]
    names = {image_term(i): image for i, image in enumerate(member.images)}
    return [answer.apply_term(names) for answer in answers]
