"""From what a page shows to its text, and into a file: one template, which escapes whatever it is given."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gedi_nesy.files import write_whole
from gedi_nesy.report.page import charts
from gedi_nesy.report.page.content import Confusion, Network, Page, Readings
from gedi_nesy.report.page.pictures import data_uri, png_uri


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own; `kind` says which block of the template draws it."""

    anchor: str
    title: str
    kind: str
    body: Any


def write_page(path: Path, page: Page) -> None:
    """Write the page to a file, whole or not at all."""
    write_whole(path, render(page).encode())


def render(page: Page) -> str:
    """The page as one HTML document, which loads nothing: its images, style and script are part of it."""
    environment = _environment()
    script = _source(environment, "page.js")
    return environment.get_template("page.html").render(
        page=page,
        sections=sections(page),
        style=_source(environment, "page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        version=page.versions.get("gedi_nesy", ""),
    )


def sections(page: Page) -> list[Section]:
    """What is there, in the order of the page."""
    found = [
        Section(f"table-{number}", table.title, "table", table) for number, table in enumerate(page.tables)
    ]
    found += [
        Section(f"picture-{number}", picture.title, "picture", picture)
        for number, picture in enumerate(page.pictures)
    ]
    for number, network in enumerate(page.networks):
        found += _of_network(network, f"-{number}" if len(page.networks) > 1 else "")
    if page.readings:
        found.append(Section("readings", "Readings that the rule admits", "readings", page.readings))
    if page.curves and (panels := charts.panels(page.curves)):
        found.append(Section("training", "Training", "curves", (panels, page.curves.phases)))
    if page.settings:
        found.append(Section("settings", "Settings", "pairs", ("Settings of the run", page.settings)))
    if page.versions:
        found.append(Section("versions", "Versions", "pairs", ("What the run was made with", page.versions)))
    if page.command:
        found.append(Section("repeat", "How to repeat it", "repeat", page))
    return found


def _of_network(network: Network, suffix: str) -> list[Section]:
    of = f": {network.name}" if suffix else ""
    parts: Sequence[tuple[str, str, str, Any]] = (
        ("learned", "What was learned", "groups", network.groups and network),
        ("points", "Where the clusters lie", "cloud", network.cloud and charts.scatter(network.cloud)),
        ("doubtful", "Doubtful", "gallery", network.doubtful),
        ("unlikely", "Unlikely", "gallery", network.unlikely),
        ("confusion", "Against the labels", "confusion", network.confusion),
        ("samples", "Samples, and how they evolve", "chains", network.chains),
        (
            "sampled",
            "Samples, and how they evolve",
            "sampled",
            network.cloud and network.cloud.samples and charts.sampled(network.cloud),
        ),
    )
    return [Section(anchor + suffix, title + of, kind, body) for anchor, title, kind, body in parts if body]


def shares(confusion: Confusion) -> list[list[float]]:
    """Each count as a share of its label."""
    sums = confusion.counts.sum(axis=1, keepdims=True)
    return (confusion.counts / sums.clip(1)).tolist()


def meanings(readings: Readings) -> list[tuple[str, str, list[str]]]:
    """A row a true symbol: network, symbol, and its output in each map."""
    first = readings.maps[0] if readings.maps else {}
    return [
        (network, symbol, [found[network][symbol] for found in readings.maps])
        for network, symbols in first.items()
        for symbol in symbols
    ]


def plain(value: object) -> str:
    """A setting as people write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gedi_nesy.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "data_uri": data_uri,
        "png_uri": png_uri,
        "shares": shares,
        "meanings": meanings,
        "plain": plain,
    }
    environment.globals |= {"chart": charts, "zip": zip}
    return environment


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
