"""Queries that training never sees: a part of each template's, by which it is then judged."""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.queries import TaskData, Template
from gedi_nesy.errors import ConfigError

SHARE, LEAST, MOST = 0.15, 20, 500
"""Of all queries; but at least and at most so many, and never more than a third: a share is known to 2% by then."""


class Split(NamedTuple):
    """A task without some of its queries, and those."""

    training: TaskData
    held_out: TaskData
    kept: tuple[Tensor, ...]
    """numbers within each template of the queries that are trained on"""
    left_out: tuple[Tensor, ...]
    """and of those that are held out"""


def num_held_out(queries: int, share: float | None = None) -> int:
    """How many of a template's queries: `share`, or by default 15%, at least 20, at most 500, at most a third."""
    if share is None:
        return min(max(round(SHARE * queries), LEAST), MOST, queries // 3)
    if not 0 <= share < 1:
        raise ConfigError(f"held_out={share} must be a share of the queries, at least 0 and below 1")
    return min(round(share * queries), queries - 1)


def hold_out(generator: Generator, data: TaskData, share: float | None = None) -> Split:
    """Draw them, template by template as many as its part of all queries.

    Networks are shown the images of held-out queries all the same, but not what is said of them.
    """
    total = num_held_out(data.num_queries, share)
    kept, left_out = [], []
    for template, num in zip(data.templates, _portions(data, total), strict=True):
        order = torch.randperm(len(template.indices), generator=generator).to(data.device)
        left_out.append(order[:num].sort().values)
        kept.append(order[num:].sort().values)
    training = TaskData(data.networks, _templates(data, kept))
    held_out = TaskData(data.networks, _templates(data, left_out))
    networks = {
        name: shown._replace(extra_indices=_with_freed(name, shown.extra_indices, training, held_out))
        for name, shown in data.networks.items()
    }
    return Split(training._replace(networks=networks), held_out, tuple(kept), tuple(left_out))


def _portions(data: TaskData, total: int) -> list[int]:
    """`total` over the templates in proportion to their queries; what rounding leaves goes to the largest rests."""
    sizes = [len(template.indices) for template in data.templates]
    exact = [total * size / sum(sizes) for size in sizes]
    found = [int(each) for each in exact]
    by_rest = sorted(range(len(sizes)), key=lambda place: found[place] - exact[place])
    for place in by_rest[: total - sum(found)]:
        found[place] += 1
    return found


def _templates(data: TaskData, chosen: list[Tensor]) -> tuple[Template, ...]:
    found = []
    for template, rows in zip(data.templates, chosen, strict=True):
        answers = template.answers[rows] if len(template.answers) else template.answers
        found.append(template._replace(indices=template.indices[rows], answers=answers))
    return tuple(found)


def _with_freed(
    name: str, extra: Int[Tensor, " image"], training: TaskData, held_out: TaskData
) -> Int[Tensor, " with_freed"]:
    """The images in no query, and those that a network reads in held-out queries alone."""
    read = torch.cat([each.indices[:, each.columns(name)].flatten() for each in held_out.templates]).unique()
    known = torch.cat([each.indices[:, each.columns(name)].flatten() for each in training.templates])
    return torch.cat([extra, read[~torch.isin(read, torch.cat([known, extra]))]])
