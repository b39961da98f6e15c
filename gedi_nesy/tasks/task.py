"""What a person says of a task: which images there are, which networks read them, and what is known to hold of them."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import Augment
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.sampling.sgld import SGLDConfig

Indices = Tensor | Sequence[int]


@dataclass(frozen=True)
class FeaturePool:
    """A pool of features of images, a row an image, that a frozen encoder made: `backbone` says which one, and how.

    A network that reads them is a linear head, and positive pairs are nearest neighbours: `neighbours`, the numbers of
    the rows that are near to each, are found among what the network is shown unless they are given.
    """

    values: Tensor
    """of 16 bits or of 32"""
    backbone: FrozenFeatures | None = None
    neighbours: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """One network of a task; every field has a default that is found from the task."""

    pool: str | None = None
    """what it reads; None where there is one pool"""
    num_clusters: int | None = None
    """None: as many as its domain in the programs has values"""
    make_backbone: Callable[[], nn.Module] | None = None
    """its encoder: a ConvNet for images, an MLP for points, none for features"""
    augment: Augment | None = None
    """x' of x: random affine and elastic maps for images, noise for points (a tenth of their standard deviation), a
    neighbour for features"""
    sgld: SGLDConfig | None = None
    """what moves its chains: as the settings of a step say; of points, which are standardised, `pools.POINT_SGLD`"""
    start_rank: int = 60
    """at most, of the Gaussian at which its Langevin chains begin"""
    labels: Mapping[int, object] = field(default_factory=dict)
    """symbols that are known, {index in the pool: value of the domain}: none, unless they are needed"""
    extra: Indices | None = None
    """images in no query that it is shown besides; None: all of its pool, but none where networks that share the pool
    read different arguments of the queries, since nobody knows whose they are"""


@dataclass(frozen=True)
class Queries:
    """Queries of one template that hold: `query` with its images left open, and which images they are, query by query.

    `images` are indices into the pool of whichever networks read them: the program says which, and one image may be
    read by several. `answer` names a variable of the query, and has its value in each query: a number, an atom as text,
    or a tuple for a Prolog pair (1, red) or list.
    """

    program: str | os.PathLike[str]
    query: str
    images: Mapping[str, Indices]
    answer: tuple[str, Sequence[Any] | Tensor] | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """Pools of images (n, channels, height, width), points (n, dimension) or features, networks by the names that the
    programs have for them, and queries. A network that is not listed has all defaults.
    """

    pools: Mapping[str, Tensor | FeaturePool]
    queries: Sequence[Queries]
    networks: Mapping[str, NetworkSpec] = field(default_factory=dict)
    allow_python: bool = False
    """let the programs load Python: it can run anything"""


def lists(
    program: str | os.PathLike[str],
    query: str,
    name: str,
    images: Sequence[Sequence[int]],
    answer: tuple[str, Sequence[Any]] | None = None,
) -> list[Queries]:
    """Queries about lists of any length, a template a length: `{name}` in the query stands for the list of images.

    lists("sorted.pl", "sorted({images})", "images", [[3, 1], [4, 1, 5]])
    """
    if f"{{{name}}}" not in query:
        raise DataError(f"query={query!r} must hold {{{name}}}, which stands for the list of images")
    if answer is not None and len(answer[1]) != len(images):
        raise DataError(f"answer {answer[0]} has {len(answer[1])} values for {len(images)} lists")
    found = []
    for length in sorted({len(each) for each in images}):
        rows = [row for row, each in enumerate(images) if len(each) == length]
        names = [f"Image{place + 1}" for place in range(length)]
        columns = {own: [images[row][place] for row in rows] for place, own in enumerate(names)}
        text = query.replace(f"{{{name}}}", f"[{', '.join(names)}]")
        values = None if answer is None else (answer[0], [answer[1][row] for row in rows])
        found.append(Queries(program, text, columns, values))
    return found
