"""`train --features`: a rule over photographs becomes a run that all other commands take, by frozen features."""

import json
import shutil

import pytest
import torch

from gedi_nesy.__main__ import main
from gedi_nesy.cli.cluster_inputs import read_as_they_are
from gedi_nesy.features import encoders
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI
from tests.cli.command_line import error_of
from tests.cli.pictures import RULE, table
from tests.features.stand_in import stand_in, write_photographs

STEPS = ["--steps", "200", "--restarts", "1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Photographs red above or blue below in turn, what they show, pairs that are the same, and a run of `train`."""
    folder = tmp_path_factory.mktemp("photographs")
    kinds = write_photographs(folder / "images")
    (folder / "same.pl").write_text(RULE)
    rows = [
        f"{a:02d}.png,{b:02d}.png,{'yes' if kinds[a] == kinds[b] else 'no'}"
        for a in range(24)
        for b in range(a + 1, 24, 5)
    ]
    (folder / "same.csv").write_text("\n".join(["A,B,Same", *rows]) + "\n")
    # reading 1 of 2: only a label tells which side is called left
    (folder / "labels.csv").write_text("image,symbol\n00.png,left\n01.png,right\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoders.ENCODERS, encoders.DEFAULT, lambda: stand_in(encoders.DEFAULT))
        patch.setenv("GEDI_NESY_CACHE", str(folder / "cache"))
        assert main(arguments(folder, folder / "run", "--labels", str(folder / "labels.csv"))) == 0
        yield folder


def arguments(folder, out, *more: str) -> list[str]:
    queries = ["--queries", str(folder / "same.csv"), "--query", "same(A, B, Same)"]
    files = [str(folder / "same.pl"), *queries, "--images", str(folder / "images")]
    return ["train", *files, "--out", str(out), *STEPS, *more]


def kinds_of(rows) -> list[str]:
    return [row["symbol"] for row in rows]


EXPECTED = ["left", "right"] * 12


def test_photographs_are_read_by_a_linear_head_on_features(place):
    run = place / "run"
    model = GEDI.load(run / "models" / "side_net")
    assert isinstance(model.backbone, FrozenFeatures)
    rows = table(run / "predictions.csv")
    assert kinds_of(rows) == EXPECTED
    # probabilities are those of the saved network, of features as the encoder gives them
    values = read_as_they_are(place / "images", encoders.DEFAULT, say=lambda note: None).values
    with torch.no_grad():
        probabilities = model.log_probs(values.float()).exp().amax(dim=1)
    found = torch.tensor([float(row["probability"]) for row in rows])
    torch.testing.assert_close(found, probabilities, rtol=1e-4, atol=1e-6)
    settings = json.loads((run / "settings.json").read_text())
    assert any("means of quarters, trained on nothing" in note for note in settings["notes"])
    assert settings["objective"]["gen"] == 0
    assert json.loads((run / "verdict.json").read_text())["verdict"] == "grounded"
    assert "frozen encoder" in (run / "models" / "side_net" / "README.md").read_text()
    # thumbnails of photographs on the page, and no cloud of points
    assert (run / "page.html").read_text().count("<img ") == 3 * 24


def test_other_images_and_queries_are_predicted(place, tmp_path):
    run, out = str(place / "run"), tmp_path / "found.csv"
    shutil.copytree(place / "images", tmp_path / "images")
    (tmp_path / "images" / "00.png").unlink()
    assert main(["predict", run, str(tmp_path / "images"), "--out", str(out)]) == 0
    assert kinds_of(table(out)) == EXPECTED[1:]
    (tmp_path / "more.csv").write_text("A,B,Same\n00.png,02.png,\n00.png,01.png,\n")
    assert main(["predict", run, str(tmp_path / "more.csv"), "--out", str(out)]) == 0
    assert [row["answer"] for row in table(out)] == ["yes", "no"]


def test_it_is_scored_reported_asked_and_exported(place, tmp_path, capsys):
    run, images = str(place / "run"), str(place / "images")
    lines = [f"{number:02d}.png,{kind}" for number, kind in enumerate(EXPECTED)]
    (tmp_path / "truth.csv").write_text("\n".join(["image,symbol", *lines]) + "\n")
    truth = str(tmp_path / "truth.csv")
    assert main(["score", run, images, "--labels", truth, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["side_net"]["accuracy"] == 1.0
    page = tmp_path / "page.html"
    assert main(["report", run, "--labels", truth, "--out", str(page)]) == 0
    assert "100.0% are read as their label" in page.read_text()
    assert main(["ask", run]) == 0
    assert "the symbols are settled" in capsys.readouterr().out
    assert main(["export", run, "--out", str(tmp_path / "net.pt2")]) == 0
    assert "features, as its encoder gives them" in capsys.readouterr().out


@pytest.mark.slow
def test_none_asks_for_a_network_of_its_own(place, tmp_path):
    assert main(arguments(place, tmp_path / "run", "--features", "none", "--size", "8", "8")) == 0
    model = GEDI.load(tmp_path / "run" / "models" / "side_net")
    assert model.input_shape == (3, 8, 8)


def test_an_encoder_that_there_is_not_and_weights_that_are_others_are_one_line(
    place, tmp_path, capsys, monkeypatch
):
    assert "features='nothing'" in error_of(capsys, arguments(place, tmp_path / "a", "--features", "nothing"))
    other = lambda: stand_in(encoders.DEFAULT, fingerprint="01")  # noqa: E731
    monkeypatch.setitem(encoders.ENCODERS, encoders.DEFAULT, other)
    predict = ["predict", str(place / "run"), str(place / "images"), "--out", str(tmp_path / "p.csv")]
    assert "are not those that the run was trained with" in error_of(capsys, predict)
