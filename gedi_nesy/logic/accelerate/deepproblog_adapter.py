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
from problog.logic import Term
from torch import Tensor, nn

from gedi_nesy.logic.accelerate.gradient_accumulator import GradientAccumulator, backward, flush_before_step
from gedi_nesy.logic.accelerate.grouping import Group, Grouping, bound
from gedi_nesy.logic.batch import check_outputs
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget
from gedi_nesy.logic.engines.tensors import ProgramWarning
from gedi_nesy.logic.grounding.front_end import FrontEnd, image_term
from gedi_nesy.logic.language.deepproblog_api import ExactEngine, GraphSemiring, Model, Result
from gedi_nesy.logic.language.deepproblog_api import Query as DeepProbLogQuery
from gedi_nesy.logic.language.guarded_engine import guarded_engine
from gedi_nesy.logic.language.neural import expand_conditional, log_of_probabilities, neural_predicates
from gedi_nesy.logic.language.sandbox import Guard
from gedi_nesy.logic.language.source import Source


def accelerate(
    model: Model,
    allow_python: bool = False,
    budget: Budget = DEFAULT_BUDGET,
    allow_outside: bool = False,
) -> None:
    """Give a DeepProbLog model a solver that evaluates compiled circuits.

    Programs that return tensors from networks, and networks with `k` set, keep DeepProbLog's own engine,
    with a warning. Evidence in the program is honoured, and the same image twice is one image: both differ
    from that engine.
    """
    statements = [expand_conditional(statement) for statement in model.program]
    source = Source("model", ".", "", tuple(statements), [None])
    guard = Guard(source, allow_python, allow_outside)
    slow = [p.network for p in neural_predicates(source) if p.kind == "tensor"]
    slow += [name for name, network in model.networks.items() if network.k is not None]
    if slow:
        warnings.warn(
            f"network '{slow[0]}' needs DeepProbLog's own engine, which is kept", ProgramWarning, stacklevel=2
        )
        exact: Any = ExactEngine(model)
        exact.engine = guarded_engine(guard)
        model.set_engine(exact, cache=True)
        return
    front_end = FrontEnd(guard, statements, dict.fromkeys(model.networks, nn.Identity()))
    # Assigned as set_engine does; DeepProbLog declares the attribute with its own solver's type.
    model.solver = CircuitSolver(model, front_end, budget)  # pyright: ignore[reportAttributeAccessIssue]


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
        outputs = self._call_networks(groups)
        results: list[Any] = [None] * len(batch)
        for group in groups:
            rows = self._accumulating(self._evaluate(group, outputs), group.columns, parameters)
            members = zip(group.positions, group.images, group.columns, rows, strict=True)
            for position, images, column, values in members:
                names = {image_term(i): image for i, image in enumerate(images)}
                answers = (
                    group.template.answers if column is None else group.template.answers[column : column + 1]
                )
                terms = [answer.apply_term(names) for answer in answers]
                results[position] = dict(zip(terms, values, strict=True))
        shares = (compiled - started) / len(batch), (time.perf_counter() - compiled) / len(batch)
        semiring: Any = self.semiring(self.model, {}, None)
        return [Result(found, semiring, 0.0, shares[0], shares[1]) for found in results]

    def get_tensor(self, term: Term) -> Any:
        """A tensor from the engine's store."""
        return self.engine.get_tensor(term)

    def get_hyperparameters(self) -> dict[str, Any]:
        """For DeepProbLog's logs."""
        return {"engine": {"type": "CircuitSolver"}, "semiring": self.semiring.__name__}

    def _call_networks(self, groups: Sequence[Group]) -> dict[tuple[str, tuple], Tensor]:
        """One call per network, on every distinct input of the batch."""
        inputs: dict[str, dict[tuple, None]] = {}
        for group in groups:
            for slot in group.template.slots:
                for images in group.images:
                    inputs.setdefault(slot.network, {})[bound(slot.inputs, images)] = None
        outputs = {}
        for name, distinct in inputs.items():
            found = self.model.networks[name]([list(terms) for terms in distinct])
            outputs.update({(name, terms): row for terms, row in zip(distinct, found, strict=True)})
        return outputs

    def _evaluate(self, group: Group, outputs: dict[tuple[str, tuple], Tensor]) -> Tensor:
        columns = []
        for slot in group.template.slots:
            rows = torch.stack([outputs[slot.network, bound(slot.inputs, images)] for images in group.images])
            rows = rows.reshape(len(group.images), -1)
            columns.append(log_of_probabilities(rows, slot.network, slot.predicate))
        check_outputs(group.template.slots, columns)
        like = columns[0] if columns else torch.zeros(len(group.images), 1)
        return group.evaluate(columns, len(group.images), like).exp()

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
        self, probabilities: Tensor, columns: Sequence[int | None], parameters: Tensor
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
        return GradientAccumulator(probabilities, parameters, self._pending.append).rows(columns)

    def _flush(self) -> None:
        """Pass the gradients collected since the last step on to networks and parameters."""
        pending, self._pending = self._pending, []
        backward(pending, self.model.optimizer.add_parameter_gradient)
