"""What a term of the objective is, and what it may read.

A term is a file of this folder: pure functions for its formula, and a `TERM` that says how a step makes a loss of it.
Every loss is to be minimised: it is minus the term L_* of the paper, averaged over the batch. Logits are divided by the
temperature, l = f(enc(x)) / tau. Batches are on axis -2 and clusters on axis -1; leading axes are several models.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

Need = Literal["samples", "queries"]
"""What costs extra, so that a step has it only where a term asks: Langevin samples; log P(query)."""

Constraint = Callable[..., Float[Tensor, " query"]]
"""From the log-probabilities of a batch, an argument a network, to log P(query) of the queries among its images."""


class Pair(NamedTuple):
    """What a term's own module gave for x and for x', a row an image."""

    plain: Tensor
    augmented: Tensor


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a step has computed. Log-probabilities and energies are made once, by the first term that reads them."""

    plain: Float[Tensor, "*model batch cluster"]
    """logits of the images x"""
    augmented: Float[Tensor, "*model batch cluster"]
    """logits of x', their augmentations or positive pairs"""
    samples: Float[Tensor, "*model sample cluster"] | None = None
    """logits of Langevin samples, where a term needs them"""
    data: Float[Tensor, "*model batch cluster"] | None = None
    """logits of what samples are compared with, where that is not x itself"""
    constraint: Constraint | None = None
    """log P of the batch's queries, where a term needs them"""
    labelled: Constraint | None = None
    """log-probability of the known symbols of the batch's labelled images, if it has some"""
    others: tuple["Seen", ...] = ()
    """the same of further networks, if there are some; the constraint reads them all"""
    outputs: Mapping[str, Pair] = field(default_factory=dict)
    """by term, what its module gave"""
    entropy_weight: float = 1.0
    """what multiplies the entropy that is part of L_INV"""
    both_views: bool = True
    """whether x and x' count alike; if not, L_INV is CE(p(y|x'), p(y|x)) and L_PRIOR that of x, as in the paper"""

    @property
    def networks(self) -> tuple["Seen", ...]:
        """What each network has computed, this one first."""
        return (self, *self.others)

    @cached_property
    def log_probs(self) -> Float[Tensor, "*model batch cluster"]:
        """log p(y|x)."""
        return self.plain.log_softmax(dim=-1)

    @cached_property
    def log_probs_augmented(self) -> Float[Tensor, "*model batch cluster"]:
        """log p(y|x')."""
        return self.augmented.log_softmax(dim=-1)

    @cached_property
    def energy_data(self) -> Float[Tensor, "*model batch"]:
        """E(x) of the data."""
        return -torch.logsumexp(self.plain if self.data is None else self.data, dim=-1)

    @cached_property
    def energy_samples(self) -> Float[Tensor, "*model sample"]:
        """E(x) of the samples."""
        assert self.samples is not None
        return -torch.logsumexp(self.samples, dim=-1)

    @cached_property
    def query_log_probs(self) -> Float[Tensor, " query"]:
        """log P(query), by the predictions for x."""
        assert self.constraint is not None
        return self.constraint(*(each.log_probs for each in self.networks))

    @cached_property
    def query_log_probs_augmented(self) -> Float[Tensor, " query"]:
        """log P(query), by the predictions for x'."""
        assert self.constraint is not None
        return self.constraint(*(each.log_probs_augmented for each in self.networks))

    def over_views(self, loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """The mean of loss(p(y|x), p(y|x')) and loss(p(y|x'), p(y|x)), or the first alone; of log-probabilities."""
        plain, augmented = self.log_probs, self.log_probs_augmented
        first = loss(plain, augmented)
        return 0.5 * (first + loss(augmented, plain)) if self.both_views else first


@runtime_checkable
class Network(Protocol):
    """What a term's module knows of the network that it is made for, a `torch.nn.Module`: `models.gedi.GEDI` is one."""

    input_shape: tuple[int, ...]
    num_features: int

    def embed(self, x: Tensor) -> Tensor:
        """Embeddings of inputs."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """As every module has them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Term:
    """A name, what it needs, and a pure function from what a step computed to a loss, one a model.

    A term with parameters or state of its own brings a module. Its `forward(images, embeddings)` is called with the
    rows of x and x', on several ranks with this rank's share of them, and returns a row for each; the rows of all ranks
    are what `loss` finds in `Seen.outputs`. Parameters of the module that require gradients are trained with the
    network's, the others (a teacher's) and its buffers belong to the term, which changes them in `after_step`, on every
    rank by the rows of all; all of its state is part of the checkpoint.
    """

    name: str
    loss: Callable[[Seen], Tensor]
    needs: tuple[Need, ...] = ()
    module: Callable[[Network], nn.Module] | None = None
    """makes the module, with torch's global generator, for this network; what it keeps of it must be a copy"""
    joint: Callable[[Any, Tensor], Tensor] | None = None
    """makes, with the module, of its rows of a view, those of all ranks, what `loss` finds in place of them: for what
    lets rows see one another, as batch normalisation does"""
    after_step: Callable[[Any, Network, Pair], None] | None = None
    """called after each update with the module, the network, and what `loss` found of the module: a teacher moves on, a
    centre follows the batch"""
    minimised: Callable[[Seen, Tensor], Tensor] | None = None
    """what is minimised in place of the loss, which it is given, and which the history has all the same"""
    report: Callable[[Seen], Mapping[str, Tensor]] | None = None
    """further numbers for the history, with a sign as if they were losses"""
    scales_with: str | None = None
    """another term: the weight is a multiple of that one's"""
    comparable: bool = False
    """whether networks can be compared by the term's value over the training data: restarts are"""
    reported: bool = True
    """whether the history has it"""
    method: str | None = None
    """a method that consists of this term alone: a row of the table of methods"""
