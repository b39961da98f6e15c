"""`cluster --pretrain` and `train --pretrain`: features first, stopped there and gone on with."""

import json
import os
import signal

import numpy as np
import pytest

from gedi_nesy import progress
from gedi_nesy.__main__ import main
from gedi_nesy.cli import pretrain_flags
from gedi_nesy.pretraining.config import PretrainConfig
from tests.cli.command_line import error_of
from tests.cli.commands import runs_of_train
from tests.cli.pictures import table, write_halves, write_task

FIRST = ["--pretrain", "--pretrain-steps", "4"]


@pytest.fixture(autouse=True)
def _few_heads(monkeypatch):
    monkeypatch.setattr(
        pretrain_flags, "PretrainConfig", lambda **given: PretrainConfig(head_steps=5, heads=2, **given)
    )


@pytest.fixture
def images(tmp_path):
    write_halves(tmp_path / "images")
    return tmp_path / "images"


def cluster(source, out, *more: str) -> list[str]:
    return ["cluster", str(source), "--clusters", "2", "--out", str(out), "--steps", "6", *FIRST, *more]


def test_features_come_first_and_a_run_that_is_stopped_there_ends_the_same(
    images, tmp_path, monkeypatch, capsys
):
    whole, part = tmp_path / "whole", tmp_path / "part"
    assert main(cluster(images, whole)) == 0
    said = capsys.readouterr().out
    assert "L_INV + L_PRIOR on pairs of near neighbours" in said
    assert "features first: 4 steps of simclr, then 2 new heads on the embedding" in said
    history = [json.loads(line) for line in (whole / "history.jsonl").read_text().splitlines()]
    assert [line["phase"] for line in history[:4]] == ["features"] * 4
    assert len(history) == 10
    settings = json.loads((whole / "run.json").read_text())
    assert settings["pretrain"]["term"] == "simclr"
    assert len(table(whole / "clusters.csv")) == 12
    lines = progress._lines

    def pressing(total):
        assert total == 10
        return lambda step, terms: os.kill(os.getpid(), signal.SIGINT) if step == 2 else None

    monkeypatch.setattr(progress, "_lines", pressing)
    assert main(cluster(images, part)) == 130
    monkeypatch.setattr(progress, "_lines", lines)
    assert len(table(part / "clusters.csv")) == 12
    capsys.readouterr()
    assert main(cluster(images, part, "--resume")) == 0
    assert "goes on after step 2" in capsys.readouterr().out
    assert (part / "clusters.csv").read_text() == (whole / "clusters.csv").read_text()
    assert not (part / "checkpoints").exists()


def test_a_rule_is_learned_on_features_that_came_first(tmp_path):
    write_task(tmp_path)
    arguments = runs_of_train.arguments(tmp_path, tmp_path / "run", *FIRST)
    assert main(arguments) == 0
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert [line["phase"] for line in history[:4]] == ["features"] * 4
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["pretrain"]["steps"] == 4


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--pretrain", "simclear"], "pretrain: term 'simclear' is not one of"),
        (["--pretrain-steps", "5"], "--pretrain-steps belongs to --pretrain"),
        (["--pretrain", "--features"], "--pretrain trains an encoder of images, and --features has one"),
        (["--pretrain", "byol", "--pretrain-steps", "1"], "pretrain: steps=1 must be at least 2"),
    ],
)
def test_what_does_not_fit_is_one_line(images, tmp_path, capsys, more, message):
    out = tmp_path / "run"
    assert message in error_of(capsys, ["cluster", str(images), "--clusters", "2", "--out", str(out), *more])
    assert not out.exists()


def test_points_have_no_features_to_learn(tmp_path, capsys):
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(20, 2)))
    assert main(cluster(tmp_path / "points.npy", tmp_path / "run")) == 1
    assert "--pretrain learns features of images" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
