"""Programs that pass tensors around as terms (neural predicates of arity 3): DeepProbLog's engine, row by
row.

What such a program proves may depend on what its networks return, so there is nothing to compile
beforehand.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from problog.logic import Constant
from torch import Tensor, nn

from gedi_nesy.logic.batch import check_outputs, check_tensors
from gedi_nesy.logic.circuits.evaluate import floored_log
from gedi_nesy.logic.circuits.layers import LayeredCircuit
from gedi_nesy.logic.circuits.template import Report, Template
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.explain import Explanation
from gedi_nesy.logic.grounding.front_end import FrontEnd, substitute
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.neural import Network, NeuralPredicate, call_network, reading
from gedi_nesy.logic.language.parts import ProgramParts
from gedi_nesy.logic.query import Query


class ProgramWarning(UserWarning):
    """A program runs, but not on the fast path."""


class _Row(Mapping):
    """The tensor source of one row: tensor(image(i)) is its i-th image."""

    def __init__(self):
        self.images: list[Tensor] = []

    def __getitem__(self, key: tuple[Constant, ...]) -> Tensor:
        return self.images[int(key[0])]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)


class _Outputs(nn.Module):
    """A network as DeepProbLog calls it: probabilities, or for a tensor predicate whatever it returns."""

    def __init__(self, network: Network, predicate: NeuralPredicate):
        super().__init__()
        self.network, self.predicate = network, predicate

    def forward(self, *inputs: Tensor) -> Tensor:
        name, asking = self.predicate.network, self.predicate.name
        batch = [x[None] if isinstance(x, Tensor) else x for x in inputs]
        if self.predicate.kind == "tensor":
            with reading(name, batch):
                return self.network(*batch)[0]  # pyright: ignore[reportCallIssue]
        log_probabilities = call_network(self.network, name, asking, batch)
        check_outputs([Slot(name, (), ("a tensor",), asking, self.predicate.domain)], [log_probabilities])
        return log_probabilities[0].exp()


@dataclass(frozen=True, repr=False)
class TensorQuery(Query):
    """A query of such a program: `log_prob`, with an answer variable of the answer given, only."""

    front_end: FrontEnd
    source: _Row
    term: Any

    def log_prob(self, **inputs: object) -> Float[Tensor, " batch"]:
        """log P(query) per row, from images."""
        self.check_inputs(inputs)
        images = check_tensors({name: inputs[name] for name in self.images})
        first = next(iter(images.values()))
        labels: Any = inputs[self.answer] if self.answer else [None] * len(first)
        values = labels.tolist() if isinstance(labels, Tensor) else list(labels)
        if len(values) != len(first):
            raise ProgramError(f"'{self.answer}' has {len(values)} labels for a batch of {len(first)}")
        rows = []
        for row, value in enumerate(values):
            self.source.images = [images[name][row] for name in self.images]
            bound = {self.answer: Constant(value) if isinstance(value, int) else value} if self.answer else {}
            result = self.front_end.solve(substitute(self.term, bound))
            rows.append(sum(result.values(), first.new_zeros(())))
        probabilities = torch.stack(rows)
        return floored_log(probabilities)

    def log_distribution(self, **images: object) -> Float[Tensor, "batch answer"]:
        """Refused: the answers depend on tensors that only a run computes."""
        raise ProgramError(
            f"{self.text} passes tensors as terms, so its answers cannot be listed; use log_prob"
        )

    def log_distribution_of(self, **log_probs: object) -> Float[Tensor, "batch answer"]:
        """Refused: the networks are called while the program runs."""
        raise ProgramError(f"{self.text} passes tensors as terms, so it needs images; use log_prob")

    def explain(self, **inputs: object) -> list[Explanation]:
        """Refused: there is no circuit to read it from."""
        raise ProgramError(f"{self.text} passes tensors as terms, so it has no circuit to explain it by")


def tensor_query(
    parts: ProgramParts, text: str, abstract: Any, images: tuple[str, ...], answer: str | None
) -> Query:
    """A query of a program with tensor predicates, with a warning that it will be slow."""
    tensors = {p.network: p for p in parts.predicates if p.kind == "tensor"}
    first = next(iter(tensors.values()))
    warnings.warn(
        f"{first.where}: network '{first.network}' returns tensors to the program, which"
        " therefore runs on DeepProbLog's engine, one row at a time",
        ProgramWarning,
        stacklevel=4,
    )
    asking = {predicate.network: predicate for predicate in reversed(parts.predicates)} | tensors
    modules = {name: _Outputs(parts.networks[name], predicate) for name, predicate in asking.items()}
    front_end = FrontEnd(parts.guard, parts.statements, modules)
    source = _Row()
    front_end.model.add_tensor_source("image", source)
    template = Template(LayeredCircuit([], [], []), (), (), (), False, Report(0, "none", 0.0))
    return TensorQuery(
        text,
        images,
        answer,
        (),
        "deepproblog",
        parts.networks,
        _no_evaluation,
        template,
        parts.learnable,
        _no_merging,
        front_end,
        source,
        abstract,
    )


def _no_merging(same: Mapping[str, str]) -> Query:
    raise AssertionError("a TensorQuery overrides everything that reads images")


def _no_evaluation(outputs: Sequence[Tensor], batch: int, like: Tensor) -> Tensor:
    raise AssertionError("a TensorQuery overrides everything that evaluates a template")
