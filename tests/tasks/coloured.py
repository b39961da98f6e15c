"""A task whose answer is known: blobs that have a place, one of four quadrants, and a colour, one of two channels."""

from pathlib import Path

import torch
from torch import Generator, Tensor

from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.tasks import NetworkSpec, Queries, Task
from tests.training.blobs import CLASSES, blobs

PROGRAM = """
nn(place_net, [X], P, [0, 1, 2, 3]) :: place(X, P).
nn(colour_net, [X], C, [red, green]) :: colour(X, C).
next(A, B) :- place(A, X), place(B, Y), Y is X + 1.
ordered([]).
ordered([_]).
ordered([A, B | Rest]) :- place(A, X), place(B, Y), X =< Y, ordered([B | Rest]).
red(A, 1) :- colour(A, red).
red(A, 0) :- colour(A, green).
reds(A, B, C, N) :- red(A, X), red(B, Y), red(C, Z), N is X + Y + Z.
hue(A, C) :- colour(A, C).
both(A, B, (P, C)) :- place(A, P), colour(B, C).
"""


def backbone() -> ConvNet:
    return ConvNet(channels=2, image_size=16, width=8, num_features=16)


def draw(generator: Generator, num: int) -> tuple[Tensor, Tensor, Tensor]:
    """Images, their places and their colours."""
    places = torch.randint(CLASSES, (num,), generator=generator)
    colours = torch.randint(2, (num,), generator=generator)
    shapes = blobs(places, generator)
    images = 0.1 * torch.rand(num, 2, 16, 16, generator=generator)
    images[torch.arange(num), colours] += 0.9 * shapes[:, 0]
    return images, places, colours


def program(folder: Path) -> Path:
    file = folder / "coloured.pl"
    file.write_text(PROGRAM)
    return file


def specs() -> dict[str, NetworkSpec]:
    """Each network augments in its own way."""
    return {
        "place_net": NetworkSpec(make_backbone=backbone, start_rank=4),
        "colour_net": NetworkSpec(
            make_backbone=backbone,
            start_rank=4,
            augment=lambda generator, x: (
                x.roll(4, dims=3) + 0.02 * torch.rand(x.shape, generator=generator, device=x.device)
            ),
        ),
    }


def task(generator: Generator, folder: Path, num: int = 40) -> tuple[Task, Tensor, Tensor, Tensor]:
    """Pairs of following places, triples with the number of red ones, and a few images with their colour."""
    images, places, colours = draw(generator, 6 * num)
    first = [torch.nonzero(places == place)[:, 0] for place in range(CLASSES)]
    pairs = []
    for row in range(num):
        place = row % (CLASSES - 1)
        a, b = first[place], first[place + 1]
        pairs.append((int(a[row % len(a)]), int(b[(7 * row + 3) % len(b)])))
    triples = torch.randperm(len(images), generator=generator)[: 3 * num].view(num, 3)
    file = program(folder)
    hues = ["red", "green"]
    alone = torch.arange(num // 4)
    queries = [
        Queries(file, "next(A, B)", {"A": [a for a, _ in pairs], "B": [b for _, b in pairs]}),
        Queries(
            file,
            "reds(A, B, C, N)",
            dict(zip("ABC", triples.T, strict=True)),
            ("N", (colours[triples] == 0).sum(dim=1)),
        ),
        Queries(file, "hue(A, C)", {"A": alone}, ("C", [hues[colours[i]] for i in alone])),
    ]
    return Task(pools={"images": images}, networks=specs(), queries=queries), images, places, colours
