"""The same query on DeepProbLog's own ExactEngine: the oracle of the tests, and the fallback."""

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from problog.logic import Constant, Term
from torch import Tensor, nn

from gedi_nesy.logic.circuits.evaluate import floored_log
from gedi_nesy.logic.grounding.front_end import FrontEnd, image_term
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.deepproblog_api import GraphSemiring
from gedi_nesy.logic.language.learnable import key_of
from gedi_nesy.logic.language.parts import ProgramParts


class _RowNumbers(Mapping):
    """A tensor source in which tensor(image(i, row)) is just (i, row): all that `_Lookup` needs."""

    def __getitem__(self, key: tuple[Constant, ...]) -> Tensor:
        return torch.tensor([int(part) for part in key])

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Lookup(nn.Module):
    """Stands where DeepProbLog expects a network, and returns what the real one has computed for the whole
    batch.
    """

    def __init__(self):
        super().__init__()
        self.probabilities: dict[tuple[int, ...], Tensor] = {}

    def forward(self, *images: Tensor) -> Tensor:
        return self.probabilities[tuple(int(image[0]) for image in images)][int(images[0][1])]


class _LearnableSemiring(GraphSemiring):
    """DeepProbLog's semiring, with t(i) taken from our parameters, so that they get gradients."""

    def value(self, a: Any, key: Any = None) -> Any:
        if isinstance(a, Term) and a.functor == "t":
            return self.model.learnable[self.model.learnable_row(int(a.args[0]), key_of(a))]
        return super().value(a, key)


class Reference:
    """One query template on the exact engine, solved row by row, with the engine's circuit cache on.

    The cache is keyed by the query with its images left open. That is right only while different names are
    different images; here they are, since the same image twice is written as the same variable twice.
    """

    def __init__(self, parts: ProgramParts, images: Sequence[str]):
        self.images = {name: index for index, name in enumerate(images)}
        self.lookups = {name: _Lookup() for name in parts.networks}
        self.learnable = parts.learnable
        # DeepProbLog announces its cache on standard output.
        with contextlib.redirect_stdout(io.StringIO()):
            self.front_end = FrontEnd(
                parts.guard,
                parts.statements,
                self.lookups,
                cache=True,
                semiring=_LearnableSemiring,
            )
        self.model: Any = self.front_end.model
        self.model.learnable_row = self.learnable.row
        self.model.add_tensor_source("image", _RowNumbers())

    def evaluate(self, query: Any, slots: Sequence[Slot], answers: Sequence[Any]) -> Callable[..., Tensor]:
        """A function from the slots' log-probabilities to log P of each answer."""

        def evaluate(outputs: Sequence[Tensor], batch: int, like: Tensor) -> Float[Tensor, "batch answer"]:
            for slot, log_probabilities in zip(slots, outputs, strict=True):
                key = tuple(self.images[name] for name in slot.images)
                self.lookups[slot.network].probabilities[key] = log_probabilities.exp()
            self.model.learnable = self.learnable()[:, 0].exp()
            rows = [self._solve(query, row, answers, like) for row in range(batch)]
            probabilities = torch.stack(rows) if rows else like.new_zeros(0, len(answers))
            return floored_log(probabilities)

        return evaluate

    def _solve(self, query: Any, row: int, answers: Sequence[Any], like: Tensor) -> Float[Tensor, " answer"]:
        numbered = {
            image_term(index): Term("tensor", Term("image", Constant(index), Constant(row)))
            for index in self.images.values()
        }
        result = self.front_end.solve(query, numbered)
        values = [result.get(answer.apply_term(numbered), 0.0) for answer in answers]
        return torch.stack(
            [value if isinstance(value, Tensor) else like.new_tensor(value) for value in values]
        )
