"""The verdict benchmark, very small, as a user would type it; its queries; and which verdicts it calls right."""

import json
import sys
from dataclasses import replace

import pytest
import torch

from benchmarks.runner import training
from benchmarks.verdict import __main__ as verdict
from benchmarks.verdict import run as verdict_run
from benchmarks.verdict.build import build, settings
from benchmarks.verdict.config import VerdictConfig
from benchmarks.verdict.rows import ROWS, RULE, STUDY, Row, is_right
from gedi_nesy.data.dataset import Split
from gedi_nesy.tasks.ask import WorthLabelling
from gedi_nesy.tasks.prepare import prepare

SMALL = [
    *("--dataset", "digits", "--device", "cpu", "--threads", 1, "--width", 8, "--queries", 12),
    *("--refine-steps", 1, "--restart-steps", 2, "--max-restarts", 1, "--images", 60, "--weight-gen", 0),
]


def run(monkeypatch, *arguments: object) -> int:
    """The exit code of `python -m benchmarks.verdict ARGUMENTS`, with verifications of one step."""
    monkeypatch.setattr(
        verdict_run, "settings", lambda config, row: replace(settings(config, row), reconsider=1)
    )
    monkeypatch.setattr(sys, "argv", ["verdict", *map(str, arguments)])
    try:
        verdict.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_results_and_resume(monkeypatch, tmp_path, capsys):
    chosen = ["--rows", "max", "rule alone", "--out", tmp_path]
    assert run(monkeypatch, *SMALL, *chosen) == 0
    out = capsys.readouterr().out
    assert "of 2 verdicts are right; 0 say grounded of an accuracy below 0.9" in " ".join(out.split())
    results = json.loads((tmp_path / "results.json").read_text())
    assert [each["row"] for each in results["runs"]] == ["max", "rule alone"]
    for each in results["runs"]:
        assert each["verdict"]["verdict"] in ("unlearned", "collapsed")
        assert each["evidence"]["held_out"] == 4
        assert each["worth_labelling"][0]["network"] == "digit_net"
        assert each["true_readings"] >= 1
    before = results["runs"]
    assert run(monkeypatch, *SMALL, *chosen, "--seeds", 0, 1, "--resume") == 0
    after = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert [each for each in after if each["seed"] == 0] == before
    assert len(after) == 4


def test_labels_that_are_asked_for_settle_an_ambiguous_run(monkeypatch, tmp_path, capsys):
    asked = [WorthLabelling("digit_net", "images", index, 0, 0.9) for index in (3, 5, 7)]
    monkeypatch.setattr(verdict_run, "worth_labelling", lambda task, outcome: asked)
    monkeypatch.setattr(training, "learn_task", ambiguous_first(training.learn_task))
    assert run(monkeypatch, *SMALL, "--rows", "even odd", "--labels", 2, "--out", tmp_path) == 0
    (found,) = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert found["metrics"]["labels"] == 2
    assert 0 <= found["metrics"]["accuracy_with_labels"] <= 1
    assert found["verdict_with_labels"]["verdict"] in ("unlearned", "collapsed")
    assert "even odd, seed 0, 2 labels: accuracy" in capsys.readouterr().out


def ambiguous_first(learn_task):
    """`learn_task`, the first time with the verdict ambiguous; the second time it must have been told two symbols."""
    tasks = []

    def learn(task, *arguments, **named):
        tasks.append(task)
        outcome = learn_task(task, *arguments, **named)
        if len(tasks) == 1:
            return outcome._replace(verdict=replace(outcome.verdict, verdict="ambiguous"))
        if len(tasks) == 2:
            told = task.networks["digit_net"].labels
            assert set(told) == {3, 5}
        return outcome

    return learn


def test_a_row_given_twice_is_one_line(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "--rows", "max", "max", "--out", tmp_path) == 2
    assert "--rows max max: one is given twice" in capsys.readouterr().err


@pytest.mark.parametrize("name", ROWS)
def test_queries_hold_of_the_labels_unless_they_are_to_fail(name):
    """The true symbols as images: each program agrees with what `answer_of` and `holds` say of them."""
    row = ROWS[name]
    labels = torch.arange(200) % 10
    split = Split(torch.zeros(200, 1, 8, 8, dtype=torch.uint8), labels)
    task = build(VerdictConfig(queries=30), row, split, seed=0)
    found = prepare(task, None)
    log_probs = torch.eye(10).clamp(min=1e-9).log()
    held = []
    for template, compiled in zip(found.data.templates, found.log_prob.templates, strict=True):
        blocks = [log_probs[labels[template.indices[:, each.argument]]] for each in template.readings]
        answers = template.answers if len(template.answers) else None
        held += (compiled.log_prob(blocks, answers).exp() > 0.5).tolist()
    assert len(held) == (row.queries or 30)
    assert all(held) == (not row.wrong and row.truth is None)


def test_half_of_the_study_and_more_is_made_to_fail():
    failing = [name for name in STUDY if ROWS[name] != Row(rule=ROWS[name].rule) and not ROWS[name].wrong]
    assert len(STUDY) / 2 <= len(failing) <= 0.6 * len(STUDY)
    assert {ROWS[name].rule for name in ROWS} == set(RULE)


def test_a_short_run_has_one_restart_and_the_rule_alone_no_search():
    config = VerdictConfig()
    short, alone = settings(config, ROWS["too short"]), settings(config, ROWS["rule alone"])
    assert (short.attempts, short.explore, short.refine) == (1, 8, 25)
    assert (alone.attempts, alone.naming_every, alone.objective["inv"]) == (1, 0, 0.0)


@pytest.mark.parametrize(
    ("name", "verdict", "accuracy", "right"),
    [
        ("max", "grounded", 0.95, True),
        ("max", "grounded", 0.85, False),
        ("max", "unlearned", 0.85, True),
        ("max", "unlearned", 0.95, False),
        ("even odd", "ambiguous", 0.3, True),
        ("wrong rule", "unlearned", 0.1, False),
        ("two digits", "ambiguous", 0.78, False),
    ],
)
def test_which_verdicts_are_right(name, verdict, accuracy, right):
    assert is_right(ROWS[name], verdict, accuracy) == right


def test_ambiguous_is_right_where_the_true_symbols_admit_other_readings():
    """Few comparisons may leave two digits that could be each other."""
    assert is_right(ROWS["two digits"], "ambiguous", 0.78, readings=2)
    assert not is_right(ROWS["two digits"], "grounded", 0.98, readings=2)
    assert not is_right(ROWS["two digits"], "ambiguous", 0.78, readings=None)
