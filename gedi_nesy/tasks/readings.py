"""What trained networks read in queries, whether these then hold, and how sure both are. No label is needed for it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gedi_nesy.data.pixels import num_at_once
from gedi_nesy.data.queries import Shown, TaskData, Template
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.programs import CompiledTemplate, TaskLogProb

IMPOSSIBLE = -30.0
"""log P below which a query does not hold: symbols that are not read have a probability of exp(-100)."""

FLOOR = -6.0
"""log P of a query counts no less for the temperature."""

TEMPERATURES = tuple(10.0 ** (step / 20) for step in range(-20, 21))

AT_ONCE = 4096
"""Queries evaluated in one go."""


class Readings(NamedTuple):
    """Of the queries of one template: a row a reading, a column a query."""

    symbols: Int[Tensor, "reading query"]
    """what the network reads, its most probable cluster"""
    sureness: Float[Tensor, "reading query"]
    """the probability that the network gives it"""
    posterior: Float[Tensor, "reading query"]
    """the probability that it is right, given that the query holds"""
    probability: Float[Tensor, " query"]
    """P(query) by the networks' probabilities"""
    held: Bool[Tensor, " query"]
    """whether the query holds of what is read"""


@torch.no_grad()
def read(
    data: TaskData, log_prob: TaskLogProb, networks: Mapping[str, GEDI], temperature: float = 1.0
) -> tuple[Readings, ...]:
    """The queries of each template, as these networks and the t(...) of `log_prob` see them.

    The networks' logits are divided by the temperature.
    """
    return tuple(
        _read(template, compiled, _tempered(_blocks(data, template, networks), temperature))
        for template, compiled in zip(data.templates, log_prob.templates, strict=True)
    )


@torch.no_grad()
def likeliest_temperature(data: TaskData, log_prob: TaskLogProb, networks: Mapping[str, GEDI]) -> float:
    """That by which queries which networks were not trained on are likeliest, between 1/10 and 10.

    Temperature scaling, with queries in place of labels: it makes networks as sure as they are right. log T is
    normal with a standard deviation of log 2 beforehand, so that a few queries move it little; log P counts no less
    than `FLOOR`, so that wrong ones do not decide.
    """
    parts = [
        (compiled, _blocks(data, template, networks), answers_of(template))
        for template, compiled in zip(data.templates, log_prob.templates, strict=True)
        if len(template.indices)
    ]

    def score(temperature: float) -> float:
        prior = -0.5 * (math.log(temperature) / math.log(2.0)) ** 2
        return prior + sum(
            float(compiled.log_prob(_tempered(blocks, temperature), answers).clamp(min=FLOOR).sum())
            for compiled, blocks, answers in parts
        )

    return max(TEMPERATURES, key=score)


def _blocks(data: TaskData, template: Template, networks: Mapping[str, GEDI]) -> list[Tensor]:
    return [
        log_probs_of(networks[each.network], data.networks[each.network], template.indices[:, each.argument])
        for each in template.readings
    ]


def _tempered(blocks: Sequence[Tensor], temperature: float) -> list[Tensor]:
    return [(block / temperature).log_softmax(dim=1) if temperature != 1.0 else block for block in blocks]


def answers_of(template: Template) -> Tensor | None:
    return template.answers if len(template.answers) else None


def _read(template: Template, compiled: CompiledTemplate, blocks: Sequence[Tensor]) -> Readings:
    symbols = torch.stack([block.argmax(dim=1) for block in blocks])
    log_p, posteriors = _posteriors(compiled, blocks, answers_of(template))
    right = [each.gather(1, read[:, None])[:, 0] for each, read in zip(posteriors, symbols, strict=True)]
    return Readings(
        symbols,
        torch.stack([block.amax(dim=1).exp() for block in blocks]),
        torch.stack(right),
        log_p.exp(),
        holds(compiled, symbols, [block.shape[1] for block in blocks], answers_of(template)),
    )


def log_probs_of(model: GEDI, shown: Shown, indices: Int[Tensor, " image"]) -> Float[Tensor, "image cluster"]:
    """log p(y|x) of inputs of a network's pool, each computed once."""
    unique, place = indices.unique(return_inverse=True)
    if not len(unique):
        return torch.empty(0, model.num_clusters, device=indices.device)
    parts = unique.split(num_at_once(shown.inputs))
    return torch.cat([model.log_probs(shown.inputs[part]) for part in parts])[place]


def _posteriors(
    compiled: CompiledTemplate, blocks: Sequence[Tensor], answers: Tensor | None
) -> tuple[Float[Tensor, " query"], list[Tensor]]:
    """log P of each query, and of each reading p(y | the query holds), (query, cluster).

    P is linear in the probabilities of one reading, so its posterior is d log P / d log p(y). Where some proofs do not
    ask for the reading these sum to less than 1, and what is missing is as likely as it was before.
    """
    with torch.enable_grad():
        leaves = [block.detach().requires_grad_() for block in blocks]
        log_p = compiled.log_prob(leaves, answers)
        gradients = torch.autograd.grad(log_p.sum(), leaves, allow_unused=True)
    found = []
    for block, gradient in zip(blocks, gradients, strict=True):
        asked = torch.zeros_like(block) if gradient is None else gradient
        found.append((asked + (1.0 - asked.sum(dim=1, keepdim=True)) * block.exp()).clamp(0.0, 1.0))
    return log_p.detach(), found


@torch.no_grad()
def holds(
    compiled: CompiledTemplate,
    symbols: Int[Tensor, "reading query"],
    clusters: Sequence[int],
    answers: Int[Tensor, " query"] | None,
) -> Bool[Tensor, " query"]:
    """Whether queries hold of these symbols, each reading being certain.

    With an answer: whether it is at least half as probable as the most probable one; without: whether P > 1/2.
    """
    found = []
    for part, answered in answers_that_hold(compiled, symbols, clusters):
        column = torch.zeros(len(answered), dtype=torch.long, device=answered.device)
        own = column if answers is None else answers[part]
        found.append(answered.gather(1, own[:, None])[:, 0])
    return torch.cat(found) if found else torch.empty(0, dtype=torch.bool, device=symbols.device)


@torch.no_grad()
def answers_that_hold(
    compiled: CompiledTemplate, symbols: Int[Tensor, "reading query"], clusters: Sequence[int]
) -> Iterator[tuple[slice, Bool[Tensor, "part answer"]]]:
    """The same of every answer that a template has, a part of the queries after another; without answers one column."""
    for start in range(0, symbols.shape[1], AT_ONCE):
        part = slice(start, start + AT_ONCE)
        blocks = [_certain(row[part], number) for row, number in zip(symbols, clusters, strict=True)]
        log_p = compiled.log_distribution(blocks)
        if compiled.query.answer is None:
            yield part, log_p[:, :1].exp() > 0.5
        else:
            yield part, (log_p.exp() >= 0.5 * log_p.amax(dim=1, keepdim=True).exp()) & (log_p > IMPOSSIBLE)


def _certain(symbols: Int[Tensor, " query"], clusters: int) -> Float[Tensor, "query cluster"]:
    log_probs = torch.full((len(symbols), clusters), -100.0, device=symbols.device)
    return log_probs.scatter_(1, symbols[:, None], 0.0)
