"""The main job, very small, as a user would type it; and what it says to bad input."""

import html
import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.addition import __main__ as addition
from benchmarks.addition.config import ABLATION
from gedi_nesy import GEDI

SMALL = [
    *("--dataset", "digits", "--device", "cpu", "--threads", 1, "--width", 8),
    *("--triples", 12, "--batch-size", 4, "--batch-samples", 4, "--buffer-size", 8),
    *("--iterations", 3, "--explore", 4, "--attempts", 1, "--reconsider", 2, "--naming-every", 3),
]


def run(monkeypatch, *arguments: object) -> int:
    """The exit code of `python -m benchmarks.addition ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["addition", *map(str, arguments)])
    try:
        addition.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_results_pictures_and_model(monkeypatch, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(monkeypatch, *SMALL, "--seeds", 0, 1, "--unlabelled", 20, "--out", out) == 0
    results = json.loads((out / "results.json").read_text())
    assert results["benchmark"] == "addition"
    assert results["config"]["triples"] == 12
    assert [r["seed"] for r in results["runs"]] == [0, 1]
    accuracies = [r["metrics"]["accuracy"] for r in results["runs"]]
    assert results["summary"]["accuracy"]["min"] == min(accuracies)
    assert results["summary"]["accuracy"]["mean"] == pytest.approx(sum(accuracies) / 2)
    assert {"torch", "deepproblog", "python"} <= set(results["versions"])
    for name in ("symbols.png", "confusion.png", "curves.png", "samples.png", "history.jsonl"):
        assert (out / "seed-0" / name).stat().st_size > 0
    model = GEDI.load(out / "seed-0" / "model")
    assert model.log_probs(torch.rand(2, 1, 28, 28)).exp().sum().item() == pytest.approx(2, abs=1e-5)
    assert "The symbols are" in capsys.readouterr().out
    text = (out / "seed-0" / "page.html").read_text()
    assert results["runs"][0]["sentence"] in html.unescape(text)
    # all but the seeds as they were typed
    shown = html.unescape(text.split('<code id="command">')[1].split("</code>")[0])
    assert shown.startswith("python -m benchmarks.addition --triples 12 --unlabelled 20 --dataset digits")
    assert "--seeds" not in shown, "0 is the default"


@pytest.mark.usefixtures("no_report")
def test_the_ablation_has_five_rows(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, *SMALL, "--ablation", "--out", tmp_path) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert list(results["ablation"]) == list(ABLATION)
    assert results["summary"] == results["ablation"]["all four"]
    assert len({r["row"] for r in results["runs"]}) == 5


@pytest.mark.usefixtures("no_report")
def test_clusters_come_first_where_it_is_asked_for(monkeypatch, tmp_path):
    first = ["--pretrain", "inv", "--pretrain-steps", 3]
    assert run(monkeypatch, *SMALL, *first, "--unlabelled", 20, "--out", tmp_path) == 0
    lines = (tmp_path / "seed-0" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["phase"] for line in lines[:4]] == ["features"] * 3 + ["attempt 1"]


@pytest.mark.usefixtures("no_report")
def test_the_reference_engine_takes_the_same_step(monkeypatch, tmp_path):
    """Same seed, both engines: the histories agree, so the training steps do."""
    histories = []
    for engine in ("circuit", "deepproblog"):
        out = tmp_path / engine
        assert (
            run(monkeypatch, *SMALL, "--engine", engine, "--weight-gen", 0, "--batch-size", 2, "--out", out)
            == 0
        )
        lines = (out / "seed-0" / "history.jsonl").read_text().splitlines()
        histories.append([json.loads(line) for line in lines])
    for circuit, reference in zip(*histories, strict=True):
        assert circuit["nesy"] is None or circuit["nesy"] == pytest.approx(reference["nesy"], abs=1e-4)
        assert circuit["inv"] == pytest.approx(reference["inv"], abs=1e-4)


@pytest.mark.usefixtures("no_report")
def test_the_same_seed_gives_the_same_results(monkeypatch, tmp_path):
    models = []
    for name in ("a", "b"):
        assert run(monkeypatch, *SMALL, "--out", tmp_path / name) == 0
        models.append((tmp_path / name / "seed-0" / "model" / "model.safetensors").read_bytes())
    assert models[0] == models[1]


def program(
    path: Path, domain: str = "[0,1,2,3,4,5,6,7,8,9]", network: str = "digit_net", rule: str = "Z is A + B"
) -> Path:
    path.write_text(
        f"nn({network}, [X], Y, {domain}) :: digit(X, Y).\n"
        f"addition(X, Y, W) :- digit(X, A), digit(Y, B), digit(W, Z), {rule}.\n"
    )
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weight-gen", -1], "weight_gen=-1.0 must be finite and not negative"),
        (["--weight-nesy", "nan"], "weight_nesy=nan"),
        (["--triples", 0], "triples=0 must be at least 1"),
        (["--unlabelled", "some"], "--unlabelled some: neither a number nor `all`"),
        (["--unlabelled", 10**6], "num=1000000 extra images must be between 0 and"),
        (["--dataset", "mnist"], "needs --data-root"),
        (
            ["--dataset", "fashion", "--data-root", "/nowhere"],
            "no FashionMNIST here; fetch it with: python -c",
        ),
        (["--device", "gpu"], "--device gpu"),
        (["--program", "nowhere.pl"], "nowhere.pl"),
        (["--query", "adition(A, B, C)"], "addition/3"),
        (["--query", "addition(A, B)"], "addition/2"),
        (["--width", 12], "width=12 must be a multiple of 8"),
        (["--batch-samples", 9], "batch_samples=9 must not exceed buffer_size=8"),
        (["--explore", 0], "explore=0 must be at least 1"),
        (["--start-rank", -1], "start_rank=-1 must not be negative"),
        (["--threads", -1], "--threads -1"),
        (["--seeds"], "seeds"),
    ],
)
def test_bad_input_is_one_line_and_no_traceback(monkeypatch, tmp_path, capsys, arguments, message):
    assert run(monkeypatch, *SMALL, "--out", tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"domain": "[0,1,2,3,4,5,6,7,8]"}, "has 9 values but network 'digit_net' has 10 outputs"),
        ({"network": "digits_net"}, "digits_net"),
        ({"rule": "Z is A +"}, "mine.pl:2"),
        ({"rule": "Z is A + B, Z > 50"}, "no proof"),
    ],
)
def test_bad_programs_are_one_line(monkeypatch, tmp_path, capsys, parts, message):
    path = program(tmp_path / "mine.pl", **parts)
    assert run(monkeypatch, *SMALL, "--out", tmp_path / "out", "--program", path) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.usefixtures("no_report")
def test_results_are_not_overwritten_unasked(monkeypatch, tmp_path, capsys):
    (tmp_path / "results.json").write_text("precious")
    assert run(monkeypatch, *SMALL, "--out", tmp_path) == 2
    assert "already holds results.json" in capsys.readouterr().err
    assert (tmp_path / "results.json").read_text() == "precious"
    assert run(monkeypatch, *SMALL, "--out", tmp_path, "--overwrite") == 0
    assert json.loads((tmp_path / "results.json").read_text())["runs"]


@pytest.mark.usefixtures("no_report")
def test_resume_runs_what_is_missing(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, *SMALL, "--seeds", 0, "--out", tmp_path) == 0
    first = json.loads((tmp_path / "results.json").read_text())["runs"][0]
    assert run(monkeypatch, *SMALL, "--seeds", 0, 1, "--out", tmp_path, "--resume") == 0
    runs = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert runs[0] == first, "the finished seed is kept to the second"
    assert [r["seed"] for r in runs] == [0, 1]
    assert run(monkeypatch, *SMALL, "--ema", 0.5, "--out", tmp_path, "--resume") == 2
    assert "other settings than before: ema was 0.998, is 0.5" in capsys.readouterr().err
    (tmp_path / "results.json").write_text("{")
    assert run(monkeypatch, *SMALL, "--out", tmp_path, "--resume") == 2
    assert "damaged" in capsys.readouterr().err


def test_help_explains_each_flag(monkeypatch, capsys):
    assert run(monkeypatch, "--help") == 0
    text = capsys.readouterr().out
    for flag in ("--triples", "--unlabelled", "--weight-gen", "--engine", "--ablation", "--data-root"):
        assert flag in text
