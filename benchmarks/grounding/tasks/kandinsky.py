"""Kandinsky patterns after rsbench (Bortolotti et al., 2024): two networks read shape and colour of the same image.

Nothing in the rule says which of the two networks reads shapes and which colours. What they are invariant to does: to
colours the one, to places and forms the other.
"""

from functools import partial
from itertools import product

import torch
from torch import Generator

from benchmarks.grounding.drawing import COLOURS, SHAPES, figures
from benchmarks.grounding.tasks.problem import (
    RULES,
    UNSEEN_SEED,
    Drawer,
    Given,
    Problem,
    Sources,
    columns,
    generator_of,
)
from gedi_nesy.augmentation.colours import brightness, hue, saturation
from gedi_nesy.augmentation.warp import WarpConfig, warp
from gedi_nesy.data.dataset import Split
from gedi_nesy.tasks import NetworkSpec, Queries, Task
from gedi_nesy.types import Images

SHAPE_NETWORK, COLOUR_NETWORK = "shape_net", "colour_net"
KINDS = list(product(range(len(SHAPES)), range(len(COLOURS))))
TRAIN, UNSEEN = 300, 100
"""Images of each shape in each colour."""

Figure = tuple[int, int, int]
"""Three objects, by their places in KINDS."""


def pattern(figure: Figure) -> bool:
    """Two objects agree in shape and colour, and the third has another shape."""
    for first, second, other in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        if figure[first] == figure[second] and KINDS[figure[other]][0] != KINDS[figure[first]][0]:
            return True
    return False


def other_colours(generator: Generator, images: Images) -> Images:
    """Colours turned anywhere on their circle, and made lighter, darker, paler or stronger; then warped."""
    turns, light, strength = (
        low + (high - low) * torch.rand(len(images), generator=generator, device=images.device)
        for low, high in ((-0.5, 0.5), (0.6, 1.4), (0.3, 1.7))
    )
    changed = brightness(saturation(hue(images, turns), strength), light)
    # what comes into view from outside is background
    corner = changed[:, :, :1, :1]
    return (corner + warp(generator, changed - corner, WarpConfig())).clamp(0.0, 1.0)


def other_forms(generator: Generator, images: Images) -> Images:
    """The quarters of the image in another order, and mirrored or not: what is left is which colours there are."""
    batch, channels, size, _ = images.shape
    half = size // 2
    tiles = images.view(batch, channels, 2, half, 2, half).permute(0, 2, 4, 1, 3, 5).reshape(batch, 4, -1)
    order = torch.rand(batch, 4, generator=generator, device=images.device).argsort(dim=1)
    moved = tiles.gather(1, order[:, :, None].expand_as(tiles)).view(batch, 4, channels, half, half)
    mirrored = torch.rand(batch, 4, 1, 1, 1, generator=generator, device=images.device) < 0.5
    moved = torch.where(mirrored, moved.flip(-1), moved).view(batch, 2, 2, channels, half, half)
    return moved.permute(0, 3, 1, 4, 2, 5).reshape(images.shape)


def _objects(seed: int, each: int) -> Split:
    kinds = torch.arange(len(KINDS)).repeat_interleave(each)
    shapes, colours = zip(*(KINDS[kind] for kind in kinds.tolist()), strict=True)
    return Split(figures(generator_of(seed), shapes, colours), kinds)


def _make(told_apart: bool, sources: Sources, num: int, seed: int) -> Given:
    train, unseen = _objects(seed, TRAIN), _objects(seed + UNSEEN_SEED, UNSEEN)
    drawer = Drawer(train.labels, seed)
    every = [(a, b, c) for a, b, c in product(range(len(KINDS)), repeat=3)]
    held, others = [each for each in every if pattern(each)], [each for each in every if not pattern(each)]
    rows, answers = [], []
    for place in range(num):
        # half of the queries hold; in the others at least one of three figures is no pattern
        chosen = [drawer.random.choice(held) for _ in range(3)]
        if place % 2:
            wrong = drawer.random.sample(range(3), drawer.random.randint(1, 3))
            chosen = [drawer.random.choice(others) if i in wrong else each for i, each in enumerate(chosen)]
        rows.append([kind for figure in chosen for kind in figure])
        answers.append("no" if place % 2 else "yes")
    query = "figures(A, B, C, D, E, F, G, H, I, N)"
    queries = [
        Queries(RULES / "kandinsky.pl", query, columns(drawer.images(rows), "ABCDEFGHI"), ("N", answers))
    ]
    views = {SHAPE_NETWORK: other_colours, COLOUR_NETWORK: other_forms} if told_apart else {}
    networks = {name: NetworkSpec(augment=augment) for name, augment in views.items()}
    # what each network is to read of an object of each kind
    read = dict(zip((SHAPE_NETWORK, COLOUR_NETWORK), torch.tensor(KINDS).T, strict=True))
    return Given(
        Task(pools={"objects": train.images}, queries=queries, networks=networks),
        {name: each[train.labels] for name, each in read.items()},
        {name: Split(unseen.images, each[unseen.labels]) for name, each in read.items()},
    )


def _problem(told_apart: bool, networks: str) -> Problem:
    return Problem(
        queries=4000,
        make=partial(_make, told_apart),
        protocol=f"three figures of three objects; half hold; {networks}",
        # shapes among each other and colours among each other
        readings=36,
    )


PROBLEMS: dict[str, Problem] = {
    "kandinsky": _problem(True, "the shape network is invariant to colours, the colour network to forms"),
    "kandinsky, one view": _problem(False, "both networks are invariant to the same warps"),
}
