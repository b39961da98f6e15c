"""`train` and what is done with its runs: from a rule, queries and images to a folder, and every wrong turn."""

import json
import os
import signal

import pytest
import torch

from gedi_nesy import progress
from gedi_nesy.__main__ import main
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.data.folder import read_folder
from gedi_nesy.models.gedi import GEDI
from tests.cli.command_line import error_of
from tests.cli.commands.runs_of_train import arguments
from tests.cli.pictures import RULE, table


def test_a_rule_and_queries_become_a_folder(trained, place):
    names = {"settings.json", "verdict.json", "predictions.csv", "program", "models"}
    assert names <= {path.name for path in trained.iterdir()}
    assert not (trained / "checkpoints").exists()
    assert (trained / "program" / "same.pl").read_text() == RULE
    settings = json.loads((trained / "settings.json").read_text())
    assert settings["finished"]
    assert settings["networks"]["side_net"]["symbols"] == ["left", "right"]
    assert json.loads((trained / "verdict.json").read_text())["verdict"] in (
        "grounded",
        "ambiguous",
        "unlearned",
        "collapsed",
        "wrong-rule",
    )
    collection = read_folder(place / "images")
    model = GEDI.load(trained / "models" / "side_net")
    with torch.no_grad():
        probabilities, energies = model.log_probs(collection.inputs).exp(), model.energy(collection.inputs)
    rows = table(trained / "predictions.csv")
    assert [row["image"] for row in rows] == collection.names
    for row, own, energy in zip(rows, probabilities, energies, strict=True):
        assert row["symbol"] == ("left", "right")[int(own.argmax())]
        assert float(row["probability"]) == pytest.approx(own.max().item(), rel=1e-4)
        assert float(row["energy"]) == pytest.approx(energy.item(), rel=1e-4)
    assert sum(row["unlike"] == "yes" for row in rows) == 1


def test_ctrl_c_writes_what_there_is_and_resume_ends_as_if_nothing_had_been(
    trained, place, tmp_path, monkeypatch, capsys
):
    part, labels = tmp_path / "part", ("--labels", str(place / "labels.csv"))
    lines = progress._lines

    def pressing(total):
        inner = lines(total)

        def report(step, terms, total=None):
            inner(step, terms, total)
            if step == 5:
                os.kill(os.getpid(), signal.SIGINT)

        return report

    with monkeypatch.context() as patch:
        patch.setattr(progress, "_lines", pressing)
        assert main(arguments(place, part, *labels)) == 130
    assert "--resume goes on" in capsys.readouterr().out
    assert not json.loads((part / "settings.json").read_text())["finished"]
    assert table(part / "predictions.csv")
    assert "was stopped: --resume" in error_of(capsys, arguments(place, part, *labels))
    assert main(arguments(place, part, "--resume")) == 1
    assert "labels" in capsys.readouterr().err
    assert main(arguments(place, part, *labels, "--resume")) == 0
    assert "goes on after step 5" in capsys.readouterr().out
    assert (part / "predictions.csv").read_text() == (trained / "predictions.csv").read_text()


def test_a_time_limit_ends_it_and_all_is_said(place, tmp_path, capsys):
    assert main(arguments(place, tmp_path / "run", "--time-limit", "0")) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "12 images, 8x8, grey"
    assert said[1].startswith("queries: 26, same(Image1,Image2,Answer) (26)")
    assert said[2] == "network side_net: tells left, right apart"
    sentence = json.loads((tmp_path / "run" / "verdict.json").read_text())["sentence"]
    assert sentence in said
    assert said[-2].startswith("written: ")
    assert said[-1].startswith("stopped by --time-limit")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--images", "nowhere"], "nowhere: no such file or folder"),
        (["--steps", "1"], "--steps 1 must be at least 4"),
        (["--labels", "nowhere.csv"], "nowhere.csv: no such file of labels"),
        (["--images", "sidenet=."], "no network 'sidenet'; did you mean 'side_net'?"),
    ],
)
def test_wrong_arguments_are_one_line(place, tmp_path, capsys, more, said):
    assert said in error_of(capsys, arguments(place, tmp_path / "run", *more))
    assert not (tmp_path / "run").exists()


def test_folders_that_hold_a_run_are_left_alone(trained, place, tmp_path, capsys):
    assert "is finished; choose another folder" in error_of(capsys, arguments(place, trained))
    (tmp_path / "run.json").write_text("{}")
    assert "a run of `cluster` is there" in error_of(capsys, arguments(place, tmp_path))


def test_rules_that_load_python_are_refused(place, tmp_path, capsys):
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    (tmp_path / "rule.pl").write_text(":- use_module('evil.py').\n" + RULE)
    command = arguments(place, tmp_path / "run")
    command[1] = str(tmp_path / "rule.pl")
    assert "would run the Python file" in error_of(capsys, command)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "not a run of this version"),
        ({"networks": {"side_net": {"folder": "../models/side_net"}}}, "damaged"),
        ({"program": "../rule.pl"}, "damaged"),
    ],
)
def test_damaged_settings_are_one_line(trained, tmp_path, change, said):
    settings = json.loads((trained / "settings.json").read_text())
    (tmp_path / "settings.json").write_text(json.dumps(settings | change))
    with pytest.raises(task_folder.RunFolderError, match=said):
        task_folder.read_settings(tmp_path)
