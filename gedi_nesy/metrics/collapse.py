"""Grounded, permuted or collapsed: what became of the symbols, in words."""

from typing import Literal, NamedTuple

import numpy as np

from gedi_nesy.metrics import clustering
from gedi_nesy.metrics.clustering import Labels

Kind = Literal["grounded", "permuted", "collapsed", "mixed"]

GROUNDED = 0.9
"""Accuracy from which on we call symbols grounded."""


class Verdict(NamedTuple):
    """The kind, and one sentence that says it."""

    kind: Kind
    sentence: str


def verdict(labels: Labels, predictions: Labels, classes: int) -> Verdict:
    """Judge held-out predictions against the true symbols.

    Collapsed: half of the symbols or fewer are in use. Grounded: accuracy at least 0.9. Permuted: renaming the
    symbols would raise the accuracy by more than 0.1. Mixed: none of these, clusters and classes do not match.
    """
    right = clustering.accuracy(labels, predictions)
    renamed = clustering.clustering_accuracy(labels, predictions, classes)
    used = clustering.symbols_in_use(predictions, classes)
    if used <= classes // 2:
        return Verdict("collapsed", _collapsed(predictions, classes, used, right))
    if right >= GROUNDED:
        return Verdict(
            "grounded",
            f"The symbols are grounded: {used} of {classes} are in use and {right:.1%} of the unseen images are read"
            " as what they are.",
        )
    if renamed - right > 0.1:
        return Verdict(
            "permuted",
            f"The symbols are permuted: {right:.1%} of the unseen images are read as what they are, but renaming"
            f" {_moved(labels, predictions, classes)} would make it {renamed:.1%}.",
        )
    return Verdict(
        "mixed",
        f"The symbols are mixed up: {right:.1%} of the unseen images are read as what they are, and no renaming"
        f" makes it more than {renamed:.1%}: some symbols stand for parts of several classes.",
    )


def _collapsed(predictions: Labels, classes: int, used: int, right: float) -> str:
    counts = np.bincount(predictions, minlength=classes)
    top = int(counts.argmax())
    return (
        f"The symbols are collapsed: {used} of {classes} are in use, {counts[top] / len(predictions):.1%} of the"
        f" unseen images are read as {top}, and {right:.1%} as what they are. The constraint may hold;"
        " nothing was learned."
    )


def _moved(labels: Labels, predictions: Labels, classes: int) -> str:
    mapping = clustering.best_map(labels, predictions, classes)
    pairs = [f"{symbol} to {true}" for symbol, true in enumerate(mapping) if symbol != true]
    return ", ".join(pairs)
