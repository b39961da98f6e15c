"""A page with every part in it, small, and what a reader of HTML sees of one."""

import base64
from html.parser import HTMLParser

import numpy as np

from gedi_nesy.report.page.content import (
    Chains,
    Cloud,
    Confusion,
    Curves,
    Finding,
    Gallery,
    Group,
    Network,
    Page,
    Picture,
    Readings,
    Table,
    Thumbnail,
)
from gedi_nesy.report.page.pictures import data_uri

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;.png"
"""What a stranger may call a file."""
VOID = {"meta", "link", "img", "br", "hr", "input"}


def thumbnail(random: np.random.Generator, name: str, caption: str = "", channels: int = 1) -> Thumbnail:
    """An image of noise."""
    pixels = random.integers(256, size=(channels, 6, 8), dtype=np.uint8)
    return Thumbnail(pixels=pixels, name=name, caption=caption)


def png_of(image: Thumbnail) -> bytes:
    """As somebody else's program has drawn it."""
    return base64.b64decode(data_uri(image.pixels).partition(",")[2])


def full_page(name: str = "image", networks: int = 1) -> Page:
    """Every part of a page, with `name` wherever a stranger's words may stand."""
    random = np.random.default_rng(0)
    images = [thumbnail(random, f"{name} {number}", f"{name}, 51%") for number in range(4)]
    points = random.normal(size=(30, 4))
    parts = Network(
        name=name,
        groups=(
            Group(name=f"{name} a", size=1234, images=images, note=name),
            Group(name="b", size=0),
        ),
        doubtful=Gallery(note=f"Lowest probability: {name}.", images=images),
        unlikely=Gallery(note="Highest energy.", images=[thumbnail(random, name, channels=3)]),
        confusion=Confusion(
            counts=np.array([[9, 1], [0, 7], [0, 0]]), labels=(name, "y", "z"), symbols=("0", name), note=name
        ),
        cloud=Cloud(
            inputs=points,
            clusters=np.arange(30) % 3,
            names=("0", "1", name),
            columns=(name, "second", "third", "fourth"),
            samples={0: points[:5], 10: points[:5] + 9},
        ),
        chains=Chains(steps=(0, 10), rows=((images[0].pixels, images[1].pixels),), note=name),
    )
    return Page(
        title=f"Run {name}",
        tables=[
            Table(title=f"Rows {name}", headings=("row", name), rows=((name, "0.5"), ("b", name)), note=name)
        ],
        pictures=[Picture(title=f"Drawn {name}", png=png_of(images[0]), note=name)],
        finding=Finding(
            word="grounded",
            tone="good",
            sentence=f"{name} was learned.",
            facts={name: "97%"},
            advice=(f"Keep {name}.",),
        ),
        notes=(f"12 images of {name}",),
        networks=(parts,) * networks,
        readings=Readings(
            note=f"{name} admits two.",
            maps=({"digit_net": {"0": "0", name: "1"}}, {"digit_net": {"0": "1", name: name}}),
            learned=0,
        ),
        curves=Curves(
            terms={"inv": np.linspace(-2, -0.1, 40).tolist(), name: [float("nan")] * 20 + [1.0] * 20},
            phases={0: "restart 0", 20: name},
            every=10,
        ),
        settings={"source": name, "seed": 1, "finished": True, "sizes": [1, 2], name: {"a": None}},
        versions={"gedi_nesy": "0.1.0", name: name},
        command=f"gedi-nesy cluster '{name}' --clusters 2 --out run",
        repeat=f"Where {name} lies.",
    )


class Reader(HTMLParser):
    """Elements of a page in their order, and whether all are closed."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def titles(self) -> list[str]:
        """Of its parts."""
        return [text for tag, text in self.texts if tag == "h2"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {attrs}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]
