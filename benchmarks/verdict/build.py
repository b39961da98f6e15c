"""The task of a row: images, and queries that are made with their labels."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Generator, Tensor

from benchmarks.verdict.config import VerdictConfig
from benchmarks.verdict.rows import RULE, Row, Rule, Symbols
from gedi_nesy.data.dataset import Split
from gedi_nesy.data.queries import with_wrong_answers
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.tasks import NetworkSpec, Queries, Task, lists
from gedi_nesy.training.config import TrainConfig

NETWORK = "digit_net"
"""What every rule calls its network."""

SHORT = 40
"""A run that is too short has one restart, and this part of the steps. An eighth of them is enough to learn `max`."""


def settings(config: VerdictConfig, row: Row) -> TrainConfig:
    """The library's defaults but for what the row changes."""
    usual = config.training(row.off)
    if row.short:
        steps = max(1, config.explore // SHORT), config.iterations // SHORT
        return replace(usual, explore=steps[0], refine=steps[1], reconsider=0, attempts=1)
    if row.off.get("inv") == 0.0:
        return replace(usual, attempts=1, naming_every=0, reconsider=0, entropy_start=1.0)
    return usual


def chosen_images(config: VerdictConfig, split: Split, seed: int) -> Split:
    """Some of the training images, drawn with the seed."""
    order = torch.randperm(len(split.labels), generator=Generator().manual_seed(seed))[: config.images]
    return Split(split.images[order], split.labels[order])


def build(config: VerdictConfig, row: Row, split: Split, seed: int) -> Task:
    """Images, and queries over them; their labels end here."""
    draw, rule = random.Random(seed), RULE[row.rule]
    rows = _patterns(draw, row, row.queries or config.queries)
    members = [torch.nonzero(split.labels == digit)[:, 0].tolist() for digit in range(10)]
    images = [[draw.choice(members[digit]) for digit in symbols] for symbols in rows]
    spec = NetworkSpec(make_backbone=partial(ConvNet, *split.images.shape[1:3], width=config.width))
    return Task(
        pools={"images": _noise(split.images, seed) if row.classless else split.images},
        queries=_queries(rule, images, _answers(draw, row, rows)),
        networks={NETWORK: spec},
    )


def _patterns(draw: random.Random, row: Row, num: int) -> list[Symbols]:
    rule, found = RULE[row.rule], []
    while len(found) < num:
        symbols = tuple(draw.randrange(10) for _ in range(draw.choice(rule.lengths)))
        if rule.file == "sorted":
            symbols = tuple(sorted(symbols))
        if rule.holds(symbols) and (row.shown is None or symbols in row.shown):
            found.append(symbols)
    return found


def _answers(draw: random.Random, row: Row, patterns: Sequence[Symbols]) -> list[int] | None:
    answer_of = RULE[row.truth or row.rule].answer_of
    if answer_of is None:
        return None
    others = sorted({answer_of((a, b)) for a in range(10) for b in range(10)}) if row.wrong else []
    return with_wrong_answers(draw, [answer_of(symbols) for symbols in patterns], others, row.wrong)


def _queries(rule: Rule, images: list[list[int]], answers: list[int] | None) -> list[Queries]:
    if "{images}" in rule.query:
        return lists(rule.path, rule.query, "images", images)
    names = "ABCD"[: len(images[0])]
    columns = {name: [row[place] for row in images] for place, name in enumerate(names)}
    return [Queries(rule.path, rule.query, columns, None if answers is None else ("N", answers))]


def _noise(like: Tensor, seed: int) -> Tensor:
    return torch.randint(256, like.shape, generator=Generator().manual_seed(seed)).to(torch.uint8)
