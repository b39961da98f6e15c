"""A model card: README.md beside the weights, with the metadata that the Hugging Face hub reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gedi_nesy.errors import one_line
from gedi_nesy.files import write_whole

CARD_FILE = "README.md"
TAGS = ("gedi", "energy-based-model", "self-supervised-learning", "clustering", "neuro-symbolic")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card says beyond what the network's config does."""

    title: str = "A GEDI network"
    about: Sequence[str] = ()
    """what it was trained on, and what it is for: a paragraph each"""
    facts: Mapping[str, str] = field(default_factory=dict)
    """figures by what they are"""
    command: str = ""
    """what trains it again"""
    license: str = ""
    """as the hub names it, such as apache-2.0; empty: not said"""
    datasets: Sequence[str] = ()
    """as the hub names them"""


def card_text(config: Mapping[str, Any], shape: Sequence[int], card: Card) -> str:
    """Metadata between lines of dashes, then Markdown; foreign words are quoted in both.

    `shape` is that of an input of the network with this config.
    """
    return "\n".join(
        [
            "---",
            *(
                f"{key}: {json.dumps(value, ensure_ascii=False)}"
                for key, value in _metadata(shape, card).items()
            ),
            "---",
            "",
            f"# {_words(card.title)}",
            *(part for each in card.about for part in ("", _words(each))),
            "",
            *_network(config, shape),
            *_facts(card.facts),
            *(["", "## How it was trained", "", f"    {one_line(card.command)}"] if card.command else []),
            "",
            "## How to use it",
            "",
            "    from gedi_nesy import GEDI",
            "",
            '    model = GEDI.from_pretrained("this folder, or OWNER/NAME on the hub")',
            "    log_probs, energies = model.log_probs(inputs), model.energy(inputs)",
            "",
            "Nothing is unpickled: the weights are in safetensors, with a checksum.",
            "",
        ]
    )


def write_card(
    folder: Path, config: Mapping[str, Any], shape: Sequence[int], card: Card | None = None
) -> None:
    """Write a card into a model's folder; without `card` a plain one, and only where there is none yet."""
    if card is not None or not (folder / CARD_FILE).exists():
        write_whole(folder / CARD_FILE, card_text(config, shape, card or Card()).encode())


def _metadata(shape: Sequence[int], card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {"library_name": "gedi_nesy", "tags": list(TAGS)}
    if len(shape) == 3:
        found["pipeline_tag"] = "image-classification"
    if card.license:
        found["license"] = card.license
    if card.datasets:
        found["datasets"] = list(card.datasets)
    return found


def _network(config: Mapping[str, Any], shape: Sequence[int]) -> list[str]:
    lines = [
        f"A network with an encoder `{config['backbone']}` that reads inputs of shape {tuple(shape)} as one of"
        f" {config['num_clusters']} symbols, p(y|x), and gives them an energy E(x), from the same logits."
    ]
    if len(shape) == 3:
        lines.append("Images are bytes, 0 to 255 (`torch.uint8`), or floats from 0 to 1.")
    return lines


def _facts(facts: Mapping[str, str]) -> list[str]:
    if not facts:
        return []
    rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in facts.items()]
    return ["", "| | |", "|---|---|", *rows]


def _words(text: str) -> str:
    """Markdown that shows the text as it is, on one line."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|!~$&" else letter for letter in one_line(text))


def _cell(text: str) -> str:
    return _words(str(text))
