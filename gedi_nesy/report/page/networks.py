"""What a network made of its inputs, from arrays alone: which images to show, and the counts against labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, UInt8

from gedi_nesy.report.page.content import Chains, Cloud, Confusion, Gallery, Group, Network, Thumbnail

IN_A_ROW, IN_A_GALLERY = 20, 24
UNBROKEN = "\N{NO-BREAK SPACE}"
"""Within what is to stay on one line."""

ENERGY_LEARNED = (
    "Highest energy: what the network finds least likely, for the energy is -log p(x) up to a constant."
)
ENERGY_NOT_LEARNED = (
    "Highest energy. L_GEN was off: energies follow from the clusters, and are no measure of likelihood."
)
EVEN_RANKS = "Images at even ranks of their probability: the surest at the left, the least sure at the right."


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """p(y|x) and E(x) of inputs, what the inputs are called, and the symbols."""

    names: Sequence[str]
    probabilities: Float[np.ndarray, "input symbol"]
    energies: Float[np.ndarray, " input"]
    symbols: Sequence[str]
    kind: str = "symbol"
    """what a symbol is called: a heading says "symbol 3" where it has no other name"""
    energy_learned: bool
    """whether L_GEN was on"""
    labels: Sequence[str | None] | None = None
    """of the inputs, where they are known; training has not seen them"""
    labels_note: str = ""

    @property
    def clusters(self) -> Int[np.ndarray, " input"]:
        return self.probabilities.argmax(axis=1)

    @property
    def titles(self) -> list[str]:
        return [f"{self.kind} {called}" if called.isdecimal() else called for called in self.symbols]


@runtime_checkable
class ImagesByNumber(Protocol):
    """Images that need not be in memory."""

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "channel height width"]: ...


def of_images(
    images: UInt8[np.ndarray, "input channel height width"] | ImagesByNumber,
    found: Predictions,
    name: str = "",
    chains: Chains | None = None,
) -> Network:
    """Rows of images a symbol, the doubtful ones, the unlikely ones, and the confusion where there are labels."""
    best, clusters = found.probabilities.max(axis=1), found.clusters

    def thumbnail(index: int, caption: str = "") -> Thumbnail:
        return Thumbnail(pixels=images[index], name=found.names[index], caption=caption)

    groups = []
    for symbol, called in enumerate(found.titles):
        members = np.flatnonzero(clusters == symbol)
        shown = members[np.argsort(-best[members], kind="stable")][_even(len(members), IN_A_ROW)]
        groups.append(
            Group(name=called, size=len(members), images=[thumbnail(index) for index in shown.tolist()])
        )
    doubtful = np.argsort(best, kind="stable")[:IN_A_GALLERY]
    unlikely = np.argsort(-found.energies, kind="stable")[:IN_A_GALLERY]
    return Network(
        name=name,
        note=EVEN_RANKS,
        groups=groups,
        doubtful=Gallery(
            note=f"Lowest probability: the {found.kind} they were given, and the runner-up.",
            images=[thumbnail(index, _two_best(found, index)) for index in doubtful.tolist()],
        ),
        unlikely=Gallery(
            note=ENERGY_LEARNED if found.energy_learned else ENERGY_NOT_LEARNED,
            images=[
                thumbnail(index, f"{found.symbols[int(clusters[index])]}, {_energy(found, index)}")
                for index in unlikely.tolist()
            ],
        ),
        confusion=confusion(found),
        chains=chains,
    )


def of_points(cloud: Cloud, found: Predictions, name: str = "") -> Network:
    """Where the clusters lie, and the confusion where there are labels."""
    sizes = np.bincount(found.clusters, minlength=len(found.symbols))
    groups = [Group(name=called, size=int(size)) for called, size in zip(found.titles, sizes, strict=True)]
    return Network(name=name, unit="points", groups=groups, cloud=cloud, confusion=confusion(found))


def confusion(found: Predictions) -> Confusion | None:
    """Counts of labels by symbol over the inputs that have a label; None if none has."""
    if found.labels is None or all(label is None for label in found.labels):
        return None
    pairs = [(label, symbol) for label, symbol in zip(found.labels, found.clusters, strict=True) if label]
    labels = sorted({label for label, _ in pairs}, key=_in_order)
    counts = np.zeros((len(labels), len(found.symbols)), dtype=np.int64)
    for (label, symbol), count in Counter(pairs).items():
        counts[labels.index(label), symbol] = count
    note = f"{found.labels_note} {_agreement(found, counts, labels)}"
    if len(pairs) < len(found.labels):
        note += f" Of {len(found.labels):,} inputs {len(pairs):,} have one."
    return Confusion(counts=counts, labels=labels, symbols=found.symbols, note=note.strip())


def _agreement(found: Predictions, counts: Int[np.ndarray, "label symbol"], labels: Sequence[str]) -> str:
    """How many are read right where labels are symbols; the purity where symbols are clusters without names."""
    if found.kind == "symbol" and set(labels) <= set(found.symbols):
        right = sum(counts[row, found.symbols.index(label)] for row, label in enumerate(labels))
        return f"{right / counts.sum():.1%} are read as their label."
    return f"{counts.max(axis=0).sum() / counts.sum():.1%} have the most frequent label of their {found.kind} (purity)."


def _even(count: int, shown: int) -> Int[np.ndarray, " shown"]:
    """Places of `shown` of `count`, spread evenly, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, shown)).round().astype(int))


def _two_best(found: Predictions, index: int) -> str:
    row = found.probabilities[index]
    return ", ".join(
        f"{found.symbols[k]}{UNBROKEN}({row[k]:.0%})" for k in np.argsort(-row, kind="stable")[:2].tolist()
    )


def _energy(found: Predictions, index: int) -> str:
    return UNBROKEN.join(("E", "=", f"{found.energies[index]:.3g}"))


def _in_order(label: str) -> tuple[int, float, str]:
    """Numbers by their size, then words."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label
