"""The grounding benchmark, very small, as a user would type it; its queries against its programs; their readings."""

import json
import sys
from dataclasses import replace

import pytest
import torch

from benchmarks.grounding import __main__ as grounding
from benchmarks.grounding import run as grounding_run
from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.grounding.tasks import kandinsky as kandinsky_task
from benchmarks.grounding.tasks.formula import value
from benchmarks.grounding.tasks.kandinsky import KINDS, other_colours, other_forms, pattern
from benchmarks.grounding.tasks.problem import Given, Sources
from benchmarks.grounding.tasks.sudoku import grids
from benchmarks.runner.config import TaskConfig
from gedi_nesy.data.images import load
from gedi_nesy.tasks.ask import WorthLabelling
from gedi_nesy.tasks.prepare import prepare
from gedi_nesy.tasks.readings import Readings, holds
from gedi_nesy.tasks.rivals import rivals

SMALL = [
    *("--dataset", "digits", "--device", "cpu", "--threads", 1, "--queries", 12, "--weight-gen", 0),
    *("--refine-steps", 1, "--restart-steps", 2, "--max-restarts", 1),
]


@pytest.fixture(scope="module")
def sources() -> Sources:
    dataset = load("digits", None)
    return Sources(dataset.train, dataset.test)


def run(monkeypatch, *arguments: object) -> int:
    """The exit code of `python -m benchmarks.grounding ARGUMENTS`, with verifications of one step."""
    usual = TaskConfig.training
    monkeypatch.setattr(GroundingConfig, "training", lambda config: replace(usual(config), reconsider=1))
    monkeypatch.setattr(sys, "argv", ["grounding", *map(str, arguments)])
    try:
        grounding.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_results(monkeypatch, tmp_path, capsys):
    first = ["--pretrain", "inv", "--pretrain-steps", 2]
    assert run(monkeypatch, *SMALL, *first, "--tasks", "xor", "--out", tmp_path) == 0
    assert "xor: three bits" in capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    (found,) = results["runs"]
    assert found["evidence"]["held_out"] == 4
    assert 0 <= found["metrics"]["accuracy"] <= found["metrics"]["clustering_accuracy"] <= 1
    assert results["tasks"]["xor"]["readings_of_the_rule"] == 1


@pytest.mark.slow
def test_two_networks_and_resume(monkeypatch, tmp_path, capsys):
    for name in ("TRAIN", "UNSEEN"):
        monkeypatch.setattr(kandinsky_task, name, 5)
    chosen = ["--tasks", "kandinsky", "--out", tmp_path]
    assert run(monkeypatch, *SMALL, *chosen) == 0
    assert "kandinsky: three figures of three objects" in capsys.readouterr().out
    (before,) = json.loads((tmp_path / "results.json").read_text())["runs"]
    both = [before["metrics"][f"accuracy_{name}"] for name in ("shape_net", "colour_net")]
    assert before["metrics"]["accuracy"] == pytest.approx(sum(both) / 2)
    assert run(monkeypatch, *SMALL, *chosen, "--seeds", 0, 1, "--resume") == 0
    after = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert [each for each in after if each["seed"] == 0] == [before]
    assert len(after) == 2


def test_labels_that_are_asked_for_are_the_true_ones(sources):
    given = PROBLEMS["formula"].make(sources, 12, 0)
    labels = given.labels["symbol_net"]
    times = int((labels == 12).nonzero()[0])
    told = grounding_run.told(
        given, [WorthLabelling("symbol_net", "images", index, 0, 0.9) for index in (2, times)]
    )
    assert {i: str(symbol) for i, symbol in told.task.networks["symbol_net"].labels.items()} == {
        2: str(int(labels[2])),
        times: "times",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tasks", "xor", "xor"],
        ["--queries", "5"],
        ["--labels", "-1"],
        ["--wrong", "1"],
        ["--search", "4"],
        ["--methods", "nesy", "nesy"],
        ["--wrong", "0.1", "--tasks", "sorted"],
        ["--rare", "0.5"],
        ["--pretrain", "inv", "--methods", "gedi", "nesy"],
        ["--pretrain-steps", "1", "--pretrain", "simclr"],
        ["--rare", "20", "--tasks", "sudoku", "--queries", "10"],
    ],
)
def test_what_does_not_fit_is_said_in_a_line(monkeypatch, tmp_path, capsys, arguments):
    assert run(monkeypatch, *arguments, "--out", tmp_path / "out") == 2
    assert arguments[0].removeprefix("--").split("-")[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_every_task_has_a_name_on_the_command_line():
    assert set(GroundingConfig.__dataclass_fields__["tasks"].default) <= set(PROBLEMS)
    GroundingConfig(tasks=tuple(PROBLEMS)).check()


def truly_read(given: Given):
    """The task as its programs are compiled, and its queries as the true symbols would have them read."""
    found = prepare(given.task, None)
    read = []
    for template, compiled in zip(found.data.templates, found.log_prob.templates, strict=True):
        symbols = torch.stack(
            [given.labels[each.network][template.indices[:, each.argument]] for each in template.readings]
        )
        sizes = [found.num_clusters[each.network] for each in template.readings]
        held = holds(compiled, symbols, sizes, template.answers if len(template.answers) else None)
        known = torch.ones(symbols.shape)
        read.append(Readings(symbols, known, known, known[0], held))
    return found, read


SLOW = ("formula to 5", "sudoku", "sudoku, clues", "equations")
"""Compiled in some ten seconds each."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PROBLEMS]
)
def test_all_queries_hold_of_the_true_symbols(sources, name):
    given = PROBLEMS[name].make(sources, 40, 3)
    _, read = truly_read(given)
    assert sum(len(each.held) for each in read) == 40
    assert all(bool(each.held.all()) for each in read)
    assert set(given.unseen) == set(given.labels)
    for split in given.unseen.values():
        assert len(split.images) == len(split.labels) > 0


@pytest.mark.parametrize(
    ("name", "num"),
    [("addition", 400), ("parity", 200), ("clock", 400), ("xor", 60), ("either", 60), ("product", 400)],
)
def test_as_many_readings_are_left_as_a_task_says(sources, name, num):
    found, read = truly_read(PROBLEMS[name].make(sources, num, 0))
    assert rivals(found.data, found.log_prob, read).readings == PROBLEMS[name].readings


def test_formulas_are_worth_what_python_says():
    signs = {10: "+", 11: "-", 12: "*"}
    for symbols in ([7], [3, 10, 4, 12, 2], [9, 11, 5], [2, 12, 3, 11, 4, 12, 5, 10, 6], [0, 11, 1, 11, 2]):
        text = "".join(signs.get(symbol, str(symbol)) for symbol in symbols)
        assert value(symbols) == eval(text)


def test_patterns_are_those_of_the_rule_as_it_is_written():
    for figure in [(a, b, c) for a in range(9) for b in range(9) for c in range(9)]:
        shapes, colours = zip(*(KINDS[kind] for kind in figure), strict=True)
        pairs = [
            shapes[i] == shapes[j] != shapes[k] and colours[i] == colours[j]
            for i, j, k in ((0, 1, 2), (0, 2, 1), (1, 2, 0))
        ]
        assert pattern(figure) == any(pairs)


def test_grids_are_all_there_are_of_four_rows():
    """288 (Felgenhauer and Jarvis); swapping the first two rows of one gives another."""
    found = set(grids())
    assert len(found) == len(grids()) == 288
    assert all(grid[4:8] + grid[:4] + grid[8:] in found for grid in found)


def test_views_keep_what_their_network_reads(sources):
    """Without forms each colour has as many pixels as before; without colours the shape is still one plain area."""
    images = PROBLEMS["kandinsky"].make(sources, 12, 0).unseen["shape_net"].images[:200].float() / 255
    generator = torch.Generator().manual_seed(0)
    pixels, moved = (each.flatten(2).transpose(1, 2) for each in (images, other_forms(generator, images)))
    assert not torch.equal(moved, pixels)
    assert torch.equal(pixels.sum(dim=2).sort(dim=1).values, moved.sum(dim=2).sort(dim=1).values)
    changed = other_colours(generator, images)
    middle = (images[:, :, 13:15, 13:15].mean(dim=(2, 3)), changed[:, :, 13:15, 13:15].mean(dim=(2, 3)))
    assert (middle[0] - middle[1]).abs().amax(dim=1).mean() > 0.2
    # background at the edge, wherever the warp has moved it
    edge = torch.cat([changed[:, :, 0], changed[:, :, -1]], dim=2)
    assert ((edge - edge[:, :, :1]).abs().amax(dim=1) < 0.05).float().mean() > 0.9
