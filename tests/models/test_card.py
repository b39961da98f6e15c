"""A model card is what the hub reads: YAML between dashes, then Markdown; nobody's words become either."""

import json

import pytest
import torch
from huggingface_hub import ModelCard

from gedi_nesy.models.card import CARD_FILE, Card, card_text, write_card
from gedi_nesy.models.encoders import MLP, ConvNet
from gedi_nesy.models.gedi import GEDI

NASTY = "evil\n---\nlicense: mit\n# <script>alert(1)</script> | `x` [a](http://b)"


def text_of(model: GEDI, card: Card | None = None) -> str:
    return card_text(model.config, model.input_shape, card or Card())


@pytest.fixture(scope="module")
def model() -> GEDI:
    return GEDI(ConvNet(width=8, num_features=8, image_size=(8, 12)), 3)


def test_the_hub_reads_the_metadata(model):
    card = Card(title="Digits", license="apache-2.0", datasets=("mnist",), facts={"accuracy": "0.98"})
    read = ModelCard(text_of(model, card))
    assert read.data.library_name == "gedi_nesy"
    assert read.data.pipeline_tag == "image-classification"
    assert "energy-based-model" in read.data.tags
    assert (read.data.license, read.data.datasets) == ("apache-2.0", ["mnist"])
    assert read.text.lstrip().startswith("# Digits")
    assert "| accuracy | 0.98 |" in read.text
    assert "inputs of shape (1, 8, 12) as one of 3 symbols" in read.text


def test_what_is_not_known_is_not_said():
    read = ModelCard(text_of(GEDI(MLP(num_inputs=5), 2)))
    assert read.data.to_dict().keys() == {"library_name", "tags"}
    assert "inputs of shape (5,)" in read.text
    assert "How it was trained" not in read.text


def test_foreign_words_stay_words(model):
    card = Card(
        title=NASTY, about=(NASTY,), facts={NASTY: NASTY}, command=NASTY, license=NASTY, datasets=(NASTY,)
    )
    text = text_of(model, card)
    _, body = text.split("\n---\n", 1)
    assert ModelCard(text).data.license == NASTY
    lines = body.splitlines()
    assert len([line for line in lines if line.startswith("# ")]) == 1
    assert not any(line.startswith(("---", "license")) for line in lines)
    assert sum(line.count("<script") - line.count("\\<script") for line in lines if line[:4] != "    ") == 0
    command = next(line for line in lines if "alert" in line and line[:4] == "    ")
    assert command.startswith("    evil --- license")


def test_a_card_that_a_person_wrote_stays(model, tmp_path):
    model.save(tmp_path)
    assert (tmp_path / CARD_FILE).read_text() == text_of(model)
    (tmp_path / CARD_FILE).write_text("mine")
    model.save(tmp_path)
    assert (tmp_path / CARD_FILE).read_text() == "mine"
    write_card(tmp_path, model.config, model.input_shape, Card(title="Other"))
    assert "# Other" in (tmp_path / CARD_FILE).read_text()


def test_the_code_of_the_card_runs(model, tmp_path):
    model.save(tmp_path)
    code = [line[4:] for line in text_of(model).splitlines() if line.startswith("    ")]
    code = [
        line.replace('"this folder, or OWNER/NAME on the hub"', json.dumps(str(tmp_path))) for line in code
    ]
    found: dict = {"inputs": model.start(torch.Generator().manual_seed(0), 4)}
    exec("\n".join(code), found)
    assert found["log_probs"].shape == (4, 3)
    assert found["energies"].shape == (4,)
