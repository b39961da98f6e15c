"""`predict` by runs of `train`: symbols of images, answers of queries, and every wrong turn."""

import json

import pytest
import torch

from gedi_nesy.__main__ import main
from gedi_nesy.data.folder import read_folder
from gedi_nesy.data.pixels import to_float
from gedi_nesy.models.gedi import GEDI
from tests.cli.command_line import error_of
from tests.cli.pictures import table


@pytest.fixture(scope="module")
def read(trained, place) -> dict[str, torch.Tensor]:
    """p(left), p(right) of each image, by its name."""
    collection = read_folder(place / "images")
    with torch.no_grad():
        found = GEDI.load(trained / "models" / "side_net").log_probs(to_float(collection.inputs)).exp()
    return dict(zip(collection.names, found.double(), strict=True))


def test_images_of_the_training_are_read_as_they_were_then(trained, place, tmp_path):
    assert main(["predict", str(trained), str(place / "images"), "--out", str(tmp_path / "p.csv")]) == 0
    assert (tmp_path / "p.csv").read_text() == (trained / "predictions.csv").read_text()


def test_what_is_unlike_the_training_images_is_said(copied, place, tmp_path):
    settings = json.loads((copied / "settings.json").read_text())
    rows = table(copied / "predictions.csv")
    bound = sorted(float(row["energy"]) for row in rows)[5]
    settings["networks"]["side_net"]["unlike_above"] = bound + 1e-4
    (copied / "settings.json").write_text(json.dumps(settings))
    assert main(["predict", str(copied), str(place / "images"), "--out", str(tmp_path / "p.csv")]) == 0
    unlike = [row["unlike"] for row in table(tmp_path / "p.csv")]
    assert unlike == ["yes" if float(row["energy"]) > bound + 1e-4 else "no" for row in rows]
    assert unlike.count("yes") == 6


def test_queries_have_answers_and_readings(trained, place, read, tmp_path):
    """Against all four worlds of two images."""
    queries, out = tmp_path / "q.pl", tmp_path / "a.csv"
    queries.write_text("same('left/00.png','01.png',yes).\nsame('left/02.png','left/00.png',yes).\n")
    assert main(["predict", str(trained), str(queries), "--out", str(out)]) == 0
    for row, (a, b) in zip(
        table(out), [("left/00.png", "01.png"), ("left/02.png", "left/00.png")], strict=True
    ):
        joint = read[a][:, None] * read[b][None, :]
        yes = float(joint.diagonal().sum())
        answer = "yes" if yes > 0.5 else "no"
        assert row["answer"] == answer
        assert float(row["probability"]) == pytest.approx(max(yes, 1 - yes), rel=1e-4)
        assert row["stated"] == "yes"
        assert float(row["stated_probability"]) == pytest.approx(yes, rel=1e-4)
        worlds = [
            (float(joint[x, y]), f"side({a},{('left', 'right')[x]}), side({b},{('left', 'right')[y]})")
            for x in range(2)
            for y in range(2)
            if (x == y) == (answer == "yes")
        ]
        assert row["reading"] == max(worlds)[1]


def test_answers_may_be_left_out(trained, place, tmp_path):
    (tmp_path / "q.csv").write_text("A,B\n01.png,03.png\nleft/00.png,01.png\n")
    command = ["predict", str(trained), str(tmp_path / "q.csv"), "--out", str(tmp_path / "a.csv")]
    assert main(command) == 0
    rows = table(tmp_path / "a.csv")
    assert [row["query"] for row in rows] == [
        "same('01.png','03.png',Same)",
        "same('left/00.png','01.png',Same)",
    ]
    assert [row["stated"] for row in rows] == ["", ""]


def test_images_of_queries_may_be_elsewhere(trained, place, tmp_path, capsys):
    (tmp_path / "q.csv").write_text("A,B\nleft/00.png,left/02.png\n")
    (tmp_path / "w.csv").write_text("A,B\n00.png,02.png\n")
    for queries, images in (("q.csv", place / "images"), ("w.csv", place / "images" / "left")):
        more = ["--images", str(images), "--out", str(tmp_path / f"{queries}.out")]
        assert main(["predict", str(trained), str(tmp_path / queries), *more]) == 0
    capsys.readouterr()
    first, second = (table(tmp_path / f"{name}.out")[0] for name in ("q.csv", "w.csv"))
    assert first["probability"] == second["probability"]
    said = error_of(capsys, ["predict", str(trained), str(tmp_path / "w.csv"), "--out", str(tmp_path / "x")])
    assert "w.csv:2: no image '00.png' in" in said
    assert "did you mean 'left/00.png'?" in said


def test_a_rule_is_guarded_when_it_is_read_again(copied, tmp_path, capsys):
    (copied / "program" / "evil.py").write_text("raise SystemExit('ran')")
    rule = copied / "program" / "same.pl"
    rule.write_text(":- use_module('evil.py').\n" + rule.read_text())
    (tmp_path / "q.csv").write_text("A,B\n01.png,03.png\n")
    command = ["predict", str(copied), str(tmp_path / "q.csv"), "--out", str(tmp_path / "x")]
    assert "would run the Python file" in error_of(capsys, command)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            ["--network", "sidenet"],
            "--network sidenet: the run has none of this name; did you mean 'side_net'?",
        ),
        (["--query", "same(A,B,C)"], "--images and --query belong to queries"),
    ],
)
def test_wrong_arguments_are_one_line(trained, place, tmp_path, capsys, more, said):
    command = ["predict", str(trained), str(place / "images"), "--out", str(tmp_path / "x"), *more]
    assert said in error_of(capsys, command)


def test_no_run_and_damaged_models_are_one_line(copied, place, tmp_path, capsys):
    images, out = str(place / "images"), str(tmp_path / "x")
    assert "no run of `gedi-nesy cluster` or `train` here" in error_of(
        capsys, ["predict", str(place), images, "--out", out]
    )
    assert "a run of `gedi-nesy train`, where one of `cluster` is needed" in error_of(
        capsys, ["name", str(copied)]
    )
    (copied / "models" / "side_net" / "model.safetensors").write_bytes(b"torn")
    assert "model.safetensors" in error_of(capsys, ["predict", str(copied), images, "--out", out])
