"""`cluster`, `predict` and `name`: from images to a table, stopped and gone on with, and every wrong turn."""

import json
import os
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from gedi_nesy import progress
from gedi_nesy.__main__ import main
from gedi_nesy.data.folder import read_folder
from gedi_nesy.models.gedi import GEDI
from tests.cli.command_line import error_of
from tests.cli.pictures import table, write_halves

SHORT = ["--steps", "8", "--restarts", "2"]


@pytest.fixture
def images(tmp_path):
    write_halves(tmp_path / "images")
    return tmp_path / "images"


def read(file) -> np.ndarray:
    with Image.open(file) as image:
        return np.array(image)


def arguments(source, out, *more: str) -> list[str]:
    return ["cluster", str(source), "--clusters", "2", "--out", str(out), *SHORT, *more]


def test_a_folder_becomes_a_table_a_model_and_a_picture(images, tmp_path, capsys):
    (images / "torn.png").write_bytes((images / "01.png").read_bytes()[:50])
    out = tmp_path / "run"
    assert main(arguments(images, out, "--sort-into", str(tmp_path / "sorted"))) == 0
    said = capsys.readouterr().out
    assert "12 images, 8x8, grey" in said
    assert "1 unreadable files left out: torn.png" in said
    rows = table(out / "clusters.csv")
    collection = read_folder(images)
    assert [row["image"] for row in rows] == collection.names
    model = GEDI.load(out / "model")
    with torch.no_grad():
        expected, energies = model.log_probs(collection.inputs).exp(), model.energy(collection.inputs)
    for row, probabilities, energy in zip(rows, expected, energies, strict=True):
        assert int(row["cluster"]) == probabilities.argmax()
        assert float(row["probability"]) == pytest.approx(probabilities.max().item(), rel=1e-4)
        assert float(row["energy"]) == pytest.approx(energy.item(), rel=1e-4)
        place = tmp_path / "sorted" / row["cluster"] / row["image"].replace("/", "__")
        assert place.read_bytes() == (images / row["image"]).read_bytes()
    with Image.open(out / "clusters.png") as picture:
        assert picture.size[0] > 100
    settings = json.loads((out / "run.json").read_text())
    assert settings["finished"]
    assert sum(settings["sizes"]) == 12
    assert not (out / "checkpoints").exists()


def test_links_instead_of_copies(images, tmp_path):
    assert main(arguments(images, tmp_path / "run", "--sort-into", str(tmp_path / "sorted"), "--link")) == 0
    links = [path for path in (tmp_path / "sorted").rglob("*.png") if path.is_symlink()]
    assert {path.resolve() for path in links} == set(images.rglob("*.png"))


def test_ctrl_c_writes_what_there_is_and_resume_ends_as_if_nothing_had_been(
    images, tmp_path, monkeypatch, capsys
):
    whole, part = tmp_path / "whole", tmp_path / "part"
    assert main(arguments(images, whole)) == 0
    lines = progress._lines

    def pressing(total):
        def report(step, terms):
            if step == 5:
                os.kill(os.getpid(), signal.SIGINT)

        return report

    monkeypatch.setattr(progress, "_lines", pressing)
    assert main(arguments(images, part)) == 130
    assert "stopped by Ctrl-C" in capsys.readouterr().out
    assert len(table(part / "clusters.csv")) == 12
    assert not json.loads((part / "run.json").read_text())["finished"]
    monkeypatch.setattr(progress, "_lines", lines)
    assert "was stopped: --resume goes on" in error_of(capsys, arguments(images, part))
    assert main(arguments(images, part, "--resume")) == 0
    assert "goes on after step 5" in capsys.readouterr().out
    assert (part / "clusters.csv").read_text() == (whole / "clusters.csv").read_text()
    assert (part / "model" / "model.safetensors").read_bytes() == (
        whole / "model" / "model.safetensors"
    ).read_bytes()
    assert "is finished" in error_of(capsys, arguments(images, part, "--resume"))


def test_a_time_limit_ends_training_and_the_exit_code_is_that_of_success(images, tmp_path, capsys):
    assert main(arguments(images, tmp_path / "run", "--time-limit", "0")) == 0
    assert "stopped by --time-limit" in capsys.readouterr().out
    assert len(table(tmp_path / "run" / "clusters.csv")) == 12


def test_dark_ink_on_white_is_turned_for_the_network_and_again_when_it_predicts(images, tmp_path, capsys):
    """The same run as that of the negative."""
    for file in images.rglob("*.png"):
        white = tmp_path / "white" / file.relative_to(images)
        white.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - read(file)).save(white)
    assert main(arguments(tmp_path / "white", tmp_path / "run")) == 0
    assert "white background: images are inverted" in capsys.readouterr().out
    assert main(arguments(images, tmp_path / "dark")) == 0
    expected = (tmp_path / "dark" / "clusters.csv").read_text()
    assert (tmp_path / "run" / "clusters.csv").read_text() == expected
    assert (
        main(["predict", str(tmp_path / "run"), str(tmp_path / "white"), "--out", str(tmp_path / "p.csv")])
        == 0
    )
    for row, trained in zip(table(tmp_path / "p.csv"), table(tmp_path / "run" / "clusters.csv"), strict=True):
        assert {**trained, "symbol": trained["cluster"], "unlike": row["unlike"]} == row


def test_predictions_carry_names(images, tmp_path, capsys):
    run, out = str(tmp_path / "run"), tmp_path / "p.csv"
    assert main(arguments(images, run)) == 0
    assert main(["name", run, "1=right side", "0=left"]) == 0
    assert main(["name", run, "0="]) == 0
    capsys.readouterr()
    assert main(["name", run]) == 0
    assert capsys.readouterr().out == "0: (no name)\n1: right side\n"
    assert main(["predict", run, str(images), "--out", str(out)]) == 0
    assert {row["symbol"] for row in table(out)} <= {"0", "right side"}
    # of twelve training images the most unlikely one lies beyond the energy of 99%
    read = sorted(table(out), key=lambda row: float(row["energy"]))
    assert [row["unlike"] for row in read] == ["no"] * 11 + ["yes"]
    capsys.readouterr()
    for given in ("2=x", "one=x", "1"):
        assert "expected CLUSTER=NAME, with a cluster from 0 to 1" in error_of(capsys, ["name", run, given])


@pytest.mark.parametrize("kind", ["npy", "csv"])
def test_points_are_clustered_and_predicted(tmp_path, kind, capsys):
    points = np.random.default_rng(0).normal(size=(40, 3))
    file = tmp_path / f"points.{kind}"
    np.save(file, points) if kind == "npy" else np.savetxt(file, points, delimiter=",")
    assert main(arguments(file, tmp_path / "run")) == 0
    assert "MLP on standardised columns" in capsys.readouterr().out
    assert main(["predict", str(tmp_path / "run"), str(file), "--out", str(tmp_path / "p.csv")]) == 0
    rows = table(tmp_path / "run" / "clusters.csv")
    assert [row["cluster"] for row in table(tmp_path / "p.csv")] == [row["cluster"] for row in rows]
    assert len(rows) == 40


def test_of_a_range_a_number_is_found_and_its_curve_is_shown(images, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(arguments(images, out, "--clusters", "2-3", "--search-steps", "4")) == 0
    said = capsys.readouterr().out
    rows = table(out / "number-of-clusters.csv")
    assert [row["clusters"] for row in rows] == ["2", "3"]
    (number,) = [row["clusters"] for row in rows if row["chosen"] == "1"]
    assert f"chosen: {number}, the largest number that agrees as well" in said
    assert (out / "number-of-clusters.png").exists()
    assert json.loads((out / "run.json").read_text())["num_clusters"] == int(number)


def test_a_run_that_goes_on_keeps_the_number_that_was_found(images, tmp_path, capsys):
    run = arguments(images, tmp_path / "run", "--clusters", "2-3", "--search-steps", "4")
    assert main([*run, "--time-limit", "0"]) == 0
    assert "number of clusters: 2 to 3" in capsys.readouterr().out
    assert main([*run, "--resume"]) == 0
    assert "number of clusters" not in capsys.readouterr().out


def test_what_is_wrong_is_one_line(images, tmp_path, capsys):
    out = tmp_path / "run"
    assert "no such file or folder" in error_of(capsys, arguments(tmp_path / "none", out))
    for given, said in (
        ("9-2", "a range goes up, from 2 or more"),
        ("1-3", "a range goes up"),
        ("2-x", "neither a whole"),
    ):
        assert said in error_of(capsys, [*arguments(images, out), "--clusters", given], code=2)
    assert "num_clusters=1 must be at least 2" in _error_after_notes(capsys, images, out, "--clusters", "1")
    assert "12 inputs cannot be in num_clusters=13" in _error_after_notes(
        capsys, images, out, "--clusters", "13"
    )
    assert "steps=1 must be at least" in _error_after_notes(capsys, images, out, "--steps", "1")
    assert not out.exists()
    assert "--link belongs to --sort-into" in error_of(capsys, arguments(images, out, "--link"))
    assert "is not empty" in error_of(capsys, arguments(images, out, "--sort-into", str(images)))
    assert "no run of `gedi-nesy cluster` or `train` here" in error_of(capsys, ["name", str(images)])
    assert "no run of `gedi-nesy cluster` or `train` here" in error_of(
        capsys, ["predict", str(images), str(images), "--out", "p.csv"]
    )


def _error_after_notes(capsys, images, out, *more: str) -> str:
    assert main(arguments(images, out, *more)) == 1
    return capsys.readouterr().err
