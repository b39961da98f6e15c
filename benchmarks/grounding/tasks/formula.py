"""Formulas of digits and operators of which the value alone is known (after hand-written formulas, Li et al., 2020).

Operators are drawn by the benchmark. One network reads all symbols, and must find out which of them are operators.
"""

import torch

from benchmarks.grounding.drawing import operators
from benchmarks.grounding.tasks.problem import (
    RULES,
    UNSEEN_SEED,
    Drawer,
    Given,
    Problem,
    Sources,
    generator_of,
)
from gedi_nesy.data.dataset import Split
from gedi_nesy.tasks import Queries, Task, lists

NETWORK, OPERATORS = "symbol_net", ("plus", "minus", "times")
TRAIN, UNSEEN = 300, 100
"""Images of each operator."""


def value(symbols: list[int]) -> int:
    """Of digits and operators in turn, 10 being plus, 11 minus and 12 times, which goes first."""
    total, product = 0, symbols[0]
    for operator, digit in zip(symbols[1::2], symbols[2::2], strict=True):
        if operator == 12:
            product *= digit
        else:
            total, product = total + product, digit if operator == 10 else -digit
    return total + product


def _with_operators(digits: Split, each: int, seed: int) -> Split:
    drawn, labels = operators(generator_of(seed), OPERATORS, each, digits.images.shape[-1])
    images = drawn / 255 if digits.images.is_floating_point() else drawn
    return Split(torch.cat([digits.images, images]), torch.cat([digits.labels, 10 + labels]))


def _of_lengths(lengths: tuple[int, ...]) -> Problem:
    def make(sources: Sources, num: int, seed: int) -> Given:
        train = _with_operators(sources.train, TRAIN, seed)
        drawer = Drawer(train.labels, seed)
        symbols = []
        for _ in range(num):
            length = drawer.random.choice(lengths)
            symbols.append(
                [
                    drawer.random.randrange(10) if i % 2 == 0 else drawer.random.randrange(10, 13)
                    for i in range(length)
                ]
            )
        answers = [value(each) for each in symbols]
        queries: list[Queries] = lists(
            RULES / "formula.pl", "formula({images}, N)", "images", drawer.images(symbols), ("N", answers)
        )
        unseen = _with_operators(sources.unseen, UNSEEN, seed + UNSEEN_SEED)
        task = Task(pools={"images": train.images}, queries=queries)
        return Given(task, {NETWORK: train.labels}, {NETWORK: unseen})

    return Problem(
        queries=1000,
        make=make,
        protocol=f"{' or '.join(map(str, lengths))} symbols, digits and operators drawn evenly; only values are known",
        readings=1,
    )


PROBLEMS: dict[str, Problem] = {"formula": _of_lengths((3,)), "formula to 5": _of_lengths((1, 3, 5))}
