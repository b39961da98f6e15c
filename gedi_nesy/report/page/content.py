"""What a page shows, as plain values and arrays: whoever knows the run fills it in; what is empty is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, UInt8

Tone = Literal["good", "doubtful", "bad"]

Pixels = UInt8[np.ndarray, "channel height width"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The verdict, at the top of the page."""

    word: str
    """such as grounded"""
    tone: Tone
    """its colour, which never stands alone"""
    sentence: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """figures by what they are, such as {"held-out queries that hold": "97%"}"""
    advice: Sequence[str] = ()
    """what to do, a sentence each"""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """One image."""

    pixels: Pixels
    name: str
    """its file, or its place: what is read aloud, and shown beside it"""
    caption: str = ""
    """such as "3, 51%": printed below it"""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A symbol or a cluster, and images that the network reads so, the surest first."""

    name: str
    size: int
    images: Sequence[Thumbnail] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Images in a row, with a sentence that says why these."""

    note: str
    images: Sequence[Thumbnail]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Counts by label and symbol."""

    counts: Int[np.ndarray, "label symbol"]
    labels: Sequence[str]
    symbols: Sequence[str]
    note: str = ""
    """whose labels, and that nothing was trained with them"""


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Points in any number of dimensions, and where sampled ones lie among them."""

    inputs: Float[np.ndarray, "point dim"]
    clusters: Int[np.ndarray, " point"]
    names: Sequence[str]
    """what the clusters are called"""
    columns: Sequence[str] = ()
    """names of the dimensions, where they have some"""
    samples: Mapping[int, Float[np.ndarray, "sample dim"]] = field(default_factory=dict)
    """after so many Langevin steps"""


@dataclass(frozen=True, kw_only=True)
class Chains:
    """Langevin chains, a row each: the same chain after so many steps."""

    steps: Sequence[int]
    rows: Sequence[Sequence[Pixels]]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Network:
    """What one network learned of its inputs; a part is None, or empty, where there is nothing to show."""

    name: str = ""
    """shown where there are several"""
    unit: str = "images"
    """what a group holds"""
    note: str = ""
    """which of them are shown"""
    groups: Sequence[Group] = ()
    doubtful: Gallery | None = None
    """lowest probability"""
    unlikely: Gallery | None = None
    """highest energy; its note says what that means here"""
    confusion: Confusion | None = None
    cloud: Cloud | None = None
    chains: Chains | None = None


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Terms by name over the steps of a run (NaN where a term was off), and at which step a phase begins."""

    terms: Mapping[str, Sequence[float]]
    phases: Mapping[int, str] = field(default_factory=dict)
    every: int = 1
    """steps from one value to the next"""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What the rule admits: maps of network, true symbol and output."""

    note: str
    maps: Sequence[Mapping[str, Mapping[str, str]]] = ()
    learned: int | None = None
    """the place of the learned one among them, from 0, where it is known"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures that are ready to be read: a heading a column, and rows that begin with what they are about."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that somebody else has drawn."""

    title: str
    png: bytes
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that a page shows."""

    title: str
    finding: Finding
    notes: Sequence[str] = ()
    """what was found in the data and decided, a line each"""
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    networks: Sequence[Network] = ()
    readings: Readings | None = None
    curves: Curves | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    """what makes the run again"""
    repeat: str = ""
    """what else that takes"""
