"""The page of a run of `train`, and the same made again by `report`."""

import json
import shutil
from pathlib import Path

import pytest

from gedi_nesy.__main__ import main
from tests.cli.command_line import error_of
from tests.cli.pictures import table, write_task
from tests.report.page.pages import Reader


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with `images`, a rule, and `run`, trained on it."""
    place = tmp_path_factory.mktemp("finished")
    write_task(place)
    given = [str(place / "same.pl"), "--queries", str(place / "same.csv"), "--query", "same(A, B, Same)"]
    more = ["--images", str(place / "images"), "--steps", "8", "--restarts", "1"]
    assert main(["train", *given, *more, "--out", str(place / "run")]) == 0
    return place


@pytest.fixture
def run(finished, tmp_path) -> Path:
    shutil.copytree(finished / "run", tmp_path / "run")
    return tmp_path / "run"


def test_train_leaves_a_page_of_what_it_did(finished):
    reader = Reader((finished / "run" / "page.html").read_text())
    assert reader.titles()[:4] == ["Verdict:", "What was learned", "Doubtful", "Unlikely"]
    assert {"Readings that the rule admits", "Training", "Settings", "How to repeat it"} <= set(
        reader.titles()
    )
    words = [text for _, text in reader.texts]
    verdict = json.loads((finished / "run" / "verdict.json").read_text())
    assert verdict["sentence"] in words
    assert set(verdict["advice"]) <= set(words)
    assert ("h3", "left") in reader.texts
    rows = table(finished / "run" / "predictions.csv")
    counts = {symbol: sum(row["symbol"] == symbol for row in rows) for symbol in ("left", "right")}
    assert {f"{count} images" for count in counts.values()} <= set(words)
    assert f"gedi-nesy train {finished / 'same.pl'}" in " ".join(words)


def test_its_networks_have_cards(finished):
    card = (finished / "run" / "models" / "side_net" / "README.md").read_text()
    assert "# side\\_net" in card
    assert "left, right" in card


def test_readings_that_the_rule_leaves_are_listed(finished, run):
    """Of `same` the two symbols can be exchanged: nothing but a label tells which is which."""
    (run / "readings.json").write_text(
        json.dumps(
            {
                "count": 2,
                "maps": [
                    {"side_net": {"left": "left", "right": "right"}},
                    {"side_net": {"left": "right", "right": "left"}},
                ],
            }
        )
    )
    assert main(["report", str(run)]) == 0
    reader = Reader((run / "page.html").read_text())
    assert any("hold under 2 one-to-one readings" in text for _, text in reader.texts)
    assert [text for tag, text in reader.texts if tag == "th" and "learned" in text] == ["1 (learned)"]
    other = [text for tag, text in reader.texts if tag == "td" and text in ("left", "right")]
    assert other == ["left", "right", "right", "left"]


def test_made_again_it_is_the_same(finished, run, capsys):
    assert main(["report", str(run)]) == 0
    assert capsys.readouterr().out == f"written: {run / 'page.html'}\n"
    assert (run / "page.html").read_text() == (finished / "run" / "page.html").read_text()


def test_against_labels(finished, run, tmp_path):
    rows = table(finished / "run" / "predictions.csv")
    file = tmp_path / "labels.csv"
    lines = [f"{row['image']},{row['symbol']},side_net" for row in rows]
    file.write_text("\n".join(["image,symbol,network", *lines]))
    assert main(["report", str(run), "--labels", str(file)]) == 0
    words = [text for _, text in Reader((run / "page.html").read_text()).texts]
    assert any(text.startswith("Labels from labels.csv. 100.0% are read as their label.") for text in words)


def test_what_is_wrong_is_one_line(run, capsys):
    settings = json.loads((run / "settings.json").read_text())
    settings["networks"]["side_net"]["pool"] = "gone"
    (run / "settings.json").write_text(json.dumps(settings))
    assert "gone: no such file or folder; --source says where" in error_of(capsys, ["report", str(run)])


def test_a_damaged_verdict_and_damaged_readings_are_named(finished, tmp_path, capsys):
    for name, said in (("verdict.json", "holds no verdict"), ("readings.json", "lists no readings")):
        copy = tmp_path / name
        shutil.copytree(finished / "run", copy)
        (copy / name).write_text("{}")
        assert said in error_of(capsys, ["report", str(copy)])
