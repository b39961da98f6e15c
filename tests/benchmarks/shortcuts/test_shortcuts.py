"""The shortcuts benchmark, very small, as a user would type it; its tasks; and what it says to bad input."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from benchmarks.shortcuts import __main__ as shortcuts
from benchmarks.shortcuts import run as shortcuts_run
from benchmarks.shortcuts.config import Budgeted
from benchmarks.shortcuts.report import HEADINGS, shortcuts_table
from benchmarks.shortcuts.tasks import ROWS, TASKS
from gedi_nesy.data.dataset import Split

SMALL = [
    *("--dataset", "digits", "--device", "cpu", "--threads", 1, "--width", 8, "--queries", 8),
    *("--iterations", 1, "--explore", 2, "--attempts", 1),
]


def run(monkeypatch, *arguments: object) -> int:
    """The exit code of `python -m benchmarks.shortcuts ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["shortcuts", *map(str, arguments)])
    try:
        shortcuts.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_results_maps_and_resume(monkeypatch, tmp_path, capsys):
    chosen = ["--tasks", "xor", "half", "--rows", "constraint alone", "all four", "--labels", 2]
    assert run(monkeypatch, *SMALL, *chosen, "--out", tmp_path) == 0
    out = capsys.readouterr().out
    assert out.startswith("xor: 2 maps satisfy all queries; all of them are one-to-one")
    assert "half: 3 maps satisfy all queries; only the identity is one-to-one" in " ".join(out.split())
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["audits"]["half"] == results["audits"]["half"] | {
        "maps": 3,
        "one_to_one": 1,
        "identity": True,
    }
    assert [(r["task"], r["row"]) for r in results["runs"]] == [
        (task, row) for task in ("xor", "half") for row in ("constraint alone", "all four")
    ]
    for each in results["runs"]:
        assert {"concept_accuracy", "concept_f1", "collapse", "concept_ece", "label_accuracy"} <= set(
            each["metrics"]
        )
        assert ("ood_label_accuracy" in each["metrics"]) == (each["task"] == "half")
        assert each["learned"]["sentence"].startswith("The network learned")
    assert (tmp_path / "half" / "all-four" / "seed-0" / "confusion.png").stat().st_size > 0
    assert results["summary"] == results["rows"]["xor"]["all four"]
    before = results["runs"]
    assert run(monkeypatch, *SMALL, *chosen, "--seeds", 0, 1, "--resume", "--out", tmp_path) == 0
    after = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert after[:4] == before
    assert len(after) == 8


@pytest.mark.parametrize(
    ("name", "shown", "unseen"), [("half", 7, 18), ("even_odd", 16, 84), ("sums", 100, 0), ("xor", 4, 0)]
)
def test_pairs_are_shown_in_both_orders_and_all_others_are_unseen(name, shown, unseen):
    task = TASKS[name]
    assert (len(task.shown), len(task.unseen)) == (shown, unseen)
    assert set(task.shown).isdisjoint(task.unseen)
    assert {pair[::-1] for pair in task.shown} == set(task.shown)


def test_rows_differ_in_their_weights_alone():
    budget = Budgeted(queries=8, labels=0, explore=2, refine=1, attempts=3, width=8)
    weights = {row: shortcuts_run.settings(row, budget).objective for row in ROWS}
    alone = weights["constraint alone"]
    assert [alone.get(name, 0) for name in ("gen", "inv", "prior", "entropy", "nesy")] == [0, 0, 0, 0, 1]
    assert weights["+ entropy"]["entropy"] > 0
    assert weights["+ prior"]["prior"] == weights["all four"]["prior"] > 0
    assert shortcuts_run.settings("+ prior", budget).attempts == 1
    for row, sibling in (("constraint alone", "alone"), ("+ entropy", "entropy"), ("+ prior", "prior")):
        searched = shortcuts_run.settings(f"{sibling}, search", budget)
        assert searched.objective == weights[row]
        assert replace(searched, objective=weights["all four"]) == shortcuts_run.settings("all four", budget)


@pytest.mark.parametrize("name", TASKS)
def test_label_accuracy_of_a_known_reading(name):
    """Networks that read every image right, or every image as 0, on images of one pixel a class."""
    task = TASKS[name]
    labels = torch.arange(task.symbols).repeat(5)
    split = Split(torch.zeros(len(labels), 1, 1, 1), labels)
    right = np.eye(task.symbols, dtype=np.float32)[labels] * 0.99 + 0.01 / task.symbols
    assert shortcuts_run.label_accuracy(task, task.shown, split, right, 200) == 1
    zeros = np.eye(task.symbols, dtype=np.float32)[0 * labels] * 0.99 + 0.01 / task.symbols
    share = shortcuts_run.label_accuracy(task, task.shown, split, zeros, 400)
    holds = [task.holds((0,) * len(row), task.answer_of(row)) for row in task.shown]
    assert share == pytest.approx(np.mean(holds), abs=5 * 0.5 / 400**0.5)


def test_the_table_fits_eighty_columns():
    summary = {name: {"median": 0.987, "min": 0.97} for name in HEADINGS}
    rows = dict.fromkeys(ROWS, summary)
    maps = {("even_odd", row): "10 identity" for row in ROWS}
    console = Console(width=80, record=True)
    searches = {("even_odd", row): "8/8" for row in ROWS}
    console.print(shortcuts_table({"even_odd": rows}, maps, searches, "title"))
    lines = console.export_text().splitlines()
    assert sum("10 identity" in line for line in lines) == len(ROWS)
    assert sum("constraint alone " in line for line in lines) == 1


def test_training_data_has_answers_and_labels():
    task = TASKS["half"]
    split = Split(torch.rand(50, 1, 8, 8), torch.arange(5).repeat(10))
    budget = Budgeted(queries=20, labels=3, explore=2, refine=1, attempts=1, width=8)
    data = shortcuts_run.training_data(task, split, 0, budget)
    rows = split.labels[data.query_indices]
    assert (rows.sum(dim=1) == data.answers).all()
    assert {tuple(row) for row in rows.tolist()} <= set(task.shown)
    assert len(data.labelled) == 3
    assert torch.isin(data.labelled, data.query_indices).all()
    assert (split.labels[data.labelled] == data.labels).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", -1], "--labels -1 must not be negative"),
        (["--queries", 0], "--queries 0 must be at least 1"),
        (["--tasks"], "--tasks: at least one is needed"),
        (["--seeds"], "--seeds: at least one is needed"),
        (["--tasks", "halves"], "halves"),
        (["--dataset", "mnist"], "needs --data-root"),
        (["--width", 12], "width=12 must be a multiple of 8"),
        (["--attempts", 0], "attempts=0 must be at least 1"),
    ],
)
def test_bad_input_is_one_line_and_no_traceback(monkeypatch, tmp_path, capsys, arguments, message):
    assert run(monkeypatch, *SMALL, "--out", tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "results.json").exists()
