"""The same query on DeepProbLog's own ExactEngine: the oracle of the tests, and the fallback."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from deepproblog.query import Query as DeepProbLogQuery
from jaxtyping import Float
from problog.logic import Constant, Term
from torch import Tensor, nn

from gedi_nesy.logic.ground import FrontEnd, Slot, image_term
from gedi_nesy.logic.source import Source


class _RowNumbers(Mapping):
    """A tensor source in which tensor(image(i, row)) is just (i, row): all that `_Lookup` needs."""

    def __getitem__(self, key: tuple[Constant, ...]) -> Tensor:
        return torch.tensor([int(part) for part in key])

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Lookup(nn.Module):
    """Stands where DeepProbLog expects a network, and returns what the real one has computed for the whole batch."""

    def __init__(self):
        super().__init__()
        self.probabilities: dict[tuple[int, ...], Tensor] = {}

    def forward(self, *images: Tensor) -> Tensor:
        return self.probabilities[tuple(int(image[0]) for image in images)][int(images[0][1])]


class Reference:
    """One query shape on the exact engine, solved row by row, with the engine's circuit cache on.

    The cache is keyed by the query with its images left open. That is right only while different names are different
    images; here they are, since the same image twice is written as the same variable twice.
    """

    def __init__(self, source: Source, networks: Sequence[str], images: Sequence[str], allow_python: bool):
        self.images = {name: index for index, name in enumerate(images)}
        self.lookups = {name: _Lookup() for name in networks}
        # DeepProbLog announces its cache on standard output.
        with contextlib.redirect_stdout(io.StringIO()):
            self.front_end = FrontEnd(source, self.lookups, allow_python, cache=True)
        self.front_end.model.add_tensor_source("image", _RowNumbers())

    def evaluate(self, query: Term, slots: Sequence[Slot], answers: Sequence[Term]) -> Callable[..., Tensor]:
        """A function from the slots' log-probabilities to log P of each answer."""

        def evaluate(outputs: Sequence[Tensor], batch: int, like: Tensor) -> Float[Tensor, "batch answer"]:
            for slot, log_probabilities in zip(slots, outputs, strict=True):
                key = tuple(self.images[name] for name in slot.images)
                self.lookups[slot.network].probabilities[key] = log_probabilities.exp()
            rows = [self._solve(query, row, answers, like) for row in range(batch)]
            probabilities = torch.stack(rows) if rows else like.new_zeros(0, len(answers))
            return torch.log(probabilities + torch.finfo(like.dtype).tiny)

        return evaluate

    def _solve(
        self, query: Term, row: int, answers: Sequence[Term], like: Tensor
    ) -> Float[Tensor, " answer"]:
        numbered = {
            image_term(index): Term("tensor", Term("image", Constant(index), Constant(row)))
            for index in self.images.values()
        }
        with warnings.catch_warnings():
            # Its semiring compares tensors that require gradients with 0 and 1, which torch warns about.
            warnings.simplefilter("ignore", UserWarning)
            result = self.front_end.model.solve([DeepProbLogQuery(query, numbered)])[0].result
        values = [result.get(answer.apply_term(numbered), 0.0) for answer in answers]
        return torch.stack(
            [value if isinstance(value, Tensor) else like.new_tensor(value) for value in values]
        )
