"""A compiled query template, evaluated for whole batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from problog.logic import Constant
from torch import Tensor

from gedi_nesy.logic.batch import check_names, check_tensors, read_images, select_log_probs
from gedi_nesy.logic.circuits.template import Evaluate, Template
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.explain import Explainer, Explanation
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.neural import Network


@dataclass(frozen=True, repr=False)
class Query:
    """One query template: which images it reads, which answers it has, and how to evaluate it.

    `answers` are the values of the answer variable, in the order of the columns of `distribution` (one
    answer, the query itself, if it has no answer variable). Where two images are given as one and the same
    tensor object, they are the same images, and `merge` gives the query in which they are.
    """

    text: str
    images: tuple[str, ...]
    answer: str | None
    answers: tuple[Any, ...]
    engine: str
    networks: Mapping[str, Network]
    evaluate: Evaluate
    template: Template
    learnable: Callable[[], Tensor]
    merge: Callable[[Mapping[str, str]], "Query"]

    def __repr__(self) -> str:
        answer = f", answer={self.answer}" if self.answer else ""
        return f"Query({self.text}, images={', '.join(self.images)}{answer}, {self.template.report.route})"

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Which network reads which image, asked for by which neural predicate, over which domain."""
        return self.template.slots

    def log_prob(self, **inputs: object) -> Float[Tensor, " batch"]:
        """log P(query) per row, from images; with an answer variable, of the answer given under its name.

        A probability of 0 has a finite logarithm, so that a loss stays finite: at least that of the smallest
        normal number to the power 16, about -1397 in float32. `distribution` gives such an answer 0, or
        1e-38 where a network returned a probability of 0.
        """
        self.check_inputs(inputs)
        images = {name: value for name, value in inputs.items() if name != self.answer}
        return self.pick(self.log_distribution(**images), inputs)

    def log_prob_of(self, **inputs: object) -> Float[Tensor, " batch"]:
        """The same from log-probabilities (batch, domain) that the networks have already given for each
        image.
        """
        self.check_inputs(inputs, self._log_prob_names())
        given = {name: value for name, value in inputs.items() if name != self.answer}
        return self.pick(self.log_distribution_of(**given), inputs)

    def log_distribution(self, **images: object) -> Float[Tensor, "batch answer"]:
        """log P of every answer, from images (batch, channels, height, width)."""
        check_names(images, self.images)
        query, images = self.merged(images)
        read = check_tensors(images)
        (outputs,) = read_images([(query.slots, read)], self.networks)
        return query.evaluate_outputs(outputs, read)

    def log_distribution_of(self, **log_probs: object) -> Float[Tensor, "batch answer"]:
        """log P of every answer, from log-probabilities the networks have already given."""
        check_names(log_probs, self._log_prob_names())
        outputs = select_log_probs(self.slots, log_probs)
        return self.evaluate_outputs(outputs, dict(enumerate(outputs)))

    def distribution(self, **images: object) -> Float[Tensor, "batch answer"]:
        """P of every answer; a row sums to the probability that there is any answer."""
        return self.log_distribution(**images).exp()

    def distribution_of(self, **log_probs: object) -> Float[Tensor, "batch answer"]:
        """P of every answer, from log-probabilities the networks have already given."""
        return self.log_distribution_of(**log_probs).exp()

    def explain(self, **inputs: object) -> list[Explanation]:
        """For every row the most probable explanation, what each image shows, and what follows from it.

        With an answer variable, of the answer given under its name, or else of the most probable answer.
        """
        images = {name: value for name, value in inputs.items() if name != self.answer}
        check_names(images, self.images)
        query, images = self.merged(images)
        read = check_tensors(images)
        with torch.no_grad():
            (outputs,) = read_images([(query.slots, read)], self.networks)
            log_distribution = query.evaluate_outputs(outputs, read)
            columns = log_distribution.argmax(dim=1)
            if self.answer in inputs:
                columns = self.columns_of(inputs[self.answer])
            names = [f"{self.answer} = {value}" if self.answer else self.text for value in self.answers]
            learnable = self.learnable()
        return Explainer(query.template).explain(
            outputs, learnable, log_distribution, columns.tolist(), names
        )

    def columns_of(self, labels: object) -> Int[Tensor, " batch"]:
        """The column of each label; ProgramError for a label that is no answer.

        1 and 1.0 are different answers where a query has both: labels of an integer tensor then name the
        first, those of a floating one the second. Otherwise either names the one that there is.
        """
        columns = {answer_key(answer): column for column, answer in enumerate(self.answers)}
        # A number written in the other way names an answer where no answer is written as it is.
        columns = {_other_way(key): column for key, column in columns.items()} | columns
        if not isinstance(labels, Tensor | np.ndarray | Sequence) or isinstance(labels, str):
            raise ProgramError(
                f"'{self.answer}' must be a tensor or a list of answers, not {type(labels).__name__}"
            )
        values = list(labels) if isinstance(labels, Sequence) else labels.tolist()
        for value in values:
            if answer_key(value) not in columns:
                answers = ", ".join(map(str, self.answers[:12])) + (", ..." if len(self.answers) > 12 else "")
                raise ProgramError(f"{value!r} is no answer {self.answer} of {self.text}; answers: {answers}")
        return torch.tensor([columns[answer_key(value)] for value in values])

    def merged(self, images: Mapping[str, object]) -> "tuple[Query, dict[str, object]]":
        """The query and its images with every image that is the same object as an earlier one left out."""
        first: dict[int, str] = {}
        same = {
            name: first[id(image)]
            for name, image in images.items()
            if first.setdefault(id(image), name) != name
        }
        return self.merge(same) if same else self, {name: images[name] for name in images if name not in same}

    def evaluate_outputs(
        self, outputs: Sequence[Tensor], read: Mapping[Any, Tensor]
    ) -> Float[Tensor, "batch answer"]:
        """log P of every answer from the slots' outputs; `read` is what they were read from."""
        first = next(iter(read.values()), torch.zeros(1, 1, dtype=torch.float64))
        return self.evaluate(outputs, len(first), outputs[0] if outputs else first)

    def pick(self, log_distribution: Tensor, inputs: Mapping[str, object]) -> Float[Tensor, " batch"]:
        """The column of the answer that the inputs name, row by row."""
        if self.answer is None:
            return log_distribution[:, 0]
        columns = self.columns_of(inputs[self.answer]).to(log_distribution.device)
        if len(columns) != len(log_distribution):
            raise ProgramError(
                f"'{self.answer}' has {len(columns)} labels for a batch of {len(log_distribution)}"
            )
        return log_distribution.gather(1, columns[:, None])[:, 0]

    def check_inputs(self, inputs: Mapping[str, object], names: Sequence[str] | None = None) -> None:
        """Exactly the images and the answer are given; `names` stands for the images where they have
        others.
        """
        names = self.images if names is None else names
        check_names(inputs, [*names, self.answer] if self.answer else names)

    def _log_prob_names(self) -> list[str]:
        return list(dict.fromkeys("_".join(slot.images) for slot in self.slots))


def log_prob_together(parts: Sequence[tuple[Query, Mapping[str, object]]]) -> list[Float[Tensor, " _"]]:
    """`query.log_prob(**inputs)` of several queries of one program, with a single call per network for all
    of them.

    A batch of mixed templates is given as its groups: the rows of each template together, in whatever order
    suits.
    """
    queries, readings = [], []
    for given, inputs in parts:
        given.check_inputs(inputs)
        query, images = given.merged({name: value for name, value in inputs.items() if name != given.answer})
        queries.append(query)
        readings.append((query.slots, check_tensors(images)))
    outputs = read_images(readings, parts[0][0].networks) if parts else []
    return [
        query.pick(query.evaluate_outputs(found, read), inputs)
        for query, (_, inputs), found, (_, read) in zip(queries, parts, outputs, readings, strict=True)
    ]


def answer_key(answer: object) -> object:
    """Answers compare by value where they are numbers, numpy's included, else as atoms: 'a' is a.

    Integers and floats are apart.
    """
    if isinstance(answer, Constant | np.generic):
        answer = answer.value if isinstance(answer, Constant) else answer.item()
    if isinstance(answer, int | float):
        return isinstance(answer, float), answer
    return str(answer).removeprefix("'").removesuffix("'")


def _other_way(key: object) -> object:
    """The key of the integer for that of a float, and the reverse; that of anything else as it is."""
    return (not key[0], key[1]) if isinstance(key, tuple) else key
