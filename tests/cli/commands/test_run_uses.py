"""`ask`, `sample` and `export`: what else a run is good for."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from gedi_nesy.__main__ import main
from gedi_nesy.models.gedi import GEDI
from tests.cli.command_line import error_of
from tests.cli.pictures import table


def test_what_is_asked_for_is_what_train_takes(copied, place, tmp_path, capsys):
    """As `train` left it, or else two images that are put there."""
    asked = [
        {"image": "01.png", "network": "side_net", "read_as": "left", "probability": 0.75},
        {"image": "left/00.png", "network": "side_net", "read_as": "right", "probability": 0.5},
    ]
    (copied / "ask.json").write_text(json.dumps({"images": asked}))
    assert main(["ask", str(copied), "--num", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["01.png  (read by side_net as left, 75%)", "symbols of side_net: left, right"]
    file = copied / "labels.csv"
    assert [row["image"] for row in table(file)] == ["01.png"]
    assert [row["symbol"] for row in table(file)] == [""]
    capsys.readouterr()
    assert "is there already" in error_of(capsys, ["ask", str(copied)])
    file.write_text(file.read_text().replace("side_net,,", "side_net,right,"))
    assert main(["score", str(copied), str(place / "images"), "--labels", str(file)]) == 0
    assert "1 images with a label" in capsys.readouterr().out


def test_a_settled_run_asks_for_nothing(copied, capsys):
    (copied / "ask.json").write_text('{"images": []}')
    assert main(["ask", str(copied)]) == 0
    assert "no image is worth a label" in capsys.readouterr().out
    assert not (copied / "labels.csv").exists()


@pytest.mark.parametrize(
    "text", ["{}", '{"images": [{"image": 3}]}', "[", '{"images": [{"network": "other"}]}']
)
def test_a_damaged_list_is_one_line(copied, capsys, text):
    (copied / "ask.json").write_text(text)
    assert "damaged" in error_of(capsys, ["ask", str(copied)])


def test_samples_are_a_picture_or_a_folder(trained, tmp_path, capsys):
    command = ["sample", str(trained), "--num", "3", "--steps", "2", "--out"]
    assert main([*command, str(tmp_path / "s.png")]) == 0
    assert "without L_GEN" not in capsys.readouterr().out
    assert main([*command, str(tmp_path / "all")]) == 0
    with Image.open(tmp_path / "s.png") as picture:
        grid = np.array(picture)
    assert grid.shape == (17, 17)
    for number, (top, left) in enumerate([(0, 0), (0, 9), (9, 0)]):
        with Image.open(tmp_path / "all" / f"{number}.png") as picture:
            assert (np.array(picture) == grid[top : top + 8, left : left + 8]).all()
    assert (grid[9:, 9:] == 255).all()
    capsys.readouterr()
    assert "is not empty" in error_of(capsys, [*command, str(tmp_path / "all")])


def test_samples_without_l_gen_say_so(clustered, tmp_path, capsys):
    assert (
        main(["sample", str(clustered), "--num", "1", "--steps", "1", "--out", str(tmp_path / "s.png")]) == 0
    )
    assert "clusters was trained without L_GEN" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--num", "0"], "--num 0 must be at least 1"),
        (["--steps", "0"], "--steps 0 must be at least 1"),
        (["--out", "s.jpg"], "samples are written as .png"),
    ],
)
def test_wrong_arguments_of_sample_are_one_line(trained, tmp_path, capsys, more, said):
    assert said in error_of(capsys, ["sample", str(trained), "--out", str(tmp_path / "s.png"), *more])


def test_what_torch_export_writes_is_the_network(trained, tmp_path, capsys):
    assert main(["export", str(trained), "--out", str(tmp_path / "n.pt2")]) == 0
    assert "outputs: probabilities (batch, 2) of left, right; energy (batch)" in capsys.readouterr().out
    program = torch.export.load(tmp_path / "n.pt2", extra_files={"symbols.json": ""})
    model = GEDI.load(trained / "models" / "side_net")
    x = torch.rand(5, 1, 8, 8)
    with torch.no_grad():
        probabilities, energies = program.module()(x)
        torch.testing.assert_close(probabilities, model.log_probs(x).exp())
        torch.testing.assert_close(energies, model.energy(x))


@pytest.mark.slow
def test_what_onnx_holds_is_the_network(trained, tmp_path, capsys):
    onnxruntime = pytest.importorskip("onnxruntime")
    assert main(["export", str(trained), "--out", str(tmp_path / "n.onnx")]) == 0
    session = onnxruntime.InferenceSession(tmp_path / "n.onnx", providers=["CPUExecutionProvider"])
    model = GEDI.load(trained / "models" / "side_net")
    x = torch.rand(5, 1, 8, 8)
    probabilities, energies = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(probabilities, model.log_probs(x).exp(), atol=1e-5)
        np.testing.assert_allclose(energies, model.energy(x), atol=1e-4)
    assert json.loads(session.get_modelmeta().custom_metadata_map["symbols"]) == ["left", "right"]


def test_other_endings_are_one_line(trained, tmp_path, capsys):
    assert "is written as .onnx or .pt2" in error_of(
        capsys, ["export", str(trained), "--out", str(tmp_path / "n.pt")]
    )
