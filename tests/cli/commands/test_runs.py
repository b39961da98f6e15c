"""`python -m gedi_nesy runs DIR` on folders written here, by hand."""

import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from gedi_nesy.__main__ import main
from gedi_nesy.report.runs import RunsError, differences, ordered, read_runs
from gedi_nesy.report.runs_table import age, runs_tables
from tests.cli.command_line import error_of
from tests.mutations import damage

NOW = 1_700_000_000.0


def write(folder: Path, hours: float, benchmark: str = "addition", accuracy: float = 0.9, **config) -> Path:
    """A results.json that is `hours` old, of two seeds."""
    folder.mkdir(parents=True)
    metrics = [{"accuracy": accuracy * share, "seconds": 60.0 * share} for share in (1.5, 0.5)]
    file = folder / "results.json"
    document = {
        "benchmark": benchmark,
        "config": {"dataset": "mnist5k", "seeds": [0, 1], "out": str(folder), "threads": 1} | config,
        "versions": {},
        "commit": "abc1234",
        "device": "cpu",
        "runs": [{"seed": seed, "metrics": found} for seed, found in enumerate(metrics)],
        "summary": {},
    }
    file.write_text(json.dumps(document))
    os.utime(file, (NOW - 3600 * hours,) * 2)
    return file


@pytest.fixture
def place(tmp_path) -> Path:
    write(tmp_path / "old", hours=50, triples=1000, width=32, accuracy=0.95)
    write(tmp_path / "deep" / "new", hours=3, triples=100, width=32, accuracy=0.8)
    write(tmp_path / "other", hours=10, benchmark="shortcuts", tasks=["half"])
    return tmp_path


def test_runs_are_found_newest_first_with_the_settings_that_differ(place):
    runs, damaged = read_runs(place)
    assert damaged == []
    assert [run.folder for run in runs] == ["deep/new", "other", "old"]
    assert runs[0].seeds == (0, 1)
    assert runs[0].summary["accuracy"] == pytest.approx({"median": 0.8, "min": 0.4})
    addition = [run for run in runs if run.benchmark == "addition"]
    # seeds, out and threads differ or not, but say nothing about what was asked; width is alike
    assert differences(addition) == [{"triples": 100}, {"triples": 1000}]


def test_a_metric_sorts_and_an_unknown_one_is_named(place):
    runs, _ = read_runs(place)
    assert [run.folder for run in ordered(runs, "accuracy")] == ["old", "other", "deep/new"]
    assert [run.folder for run in ordered(runs, "folder")] == ["deep/new", "old", "other"]
    with pytest.raises(
        RunsError, match=r"--sort nmi: neither age nor folder nor a metric .*accuracy, seconds"
    ):
        ordered(runs, "nmi")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        "9" * 10_000,
        "\udcff",
        '{"benchmark": "addition"}',
        '{"config": [], "benchmark": 1, "runs": 3}',
        '{"config": {}, "benchmark": "b", "commit": "c", "runs": 3}',
        '{"config": {}, "benchmark": "b", "commit": "c", "runs": [3]}',
        '{"config": {}, "benchmark": "b", "commit": "c", "runs": [{"seed": "0"}]}',
        '{"config": {}, "benchmark": "b", "commit": "c", "runs": [{"seed": 0, "metrics": 3}]}',
        '{"config": {}, "benchmark": "b", "runs": []}',
    ],
)
def test_damaged_folders_are_named_and_the_rest_is_shown(place, capsys, text):
    (place / "torn").mkdir()
    (place / "torn" / "results.json").write_bytes(text.encode(errors="surrogateescape"))
    assert main(["runs", str(place)]) == 0
    shown = capsys.readouterr()
    assert "torn/results.json: damaged (" in shown.err
    assert len(shown.err.strip().splitlines()) == 1
    assert "deep/new" in shown.out


def test_a_run_without_results_is_unfinished_and_seeds_of_a_finished_one_are_not_rows(place):
    about = {"benchmark": "addition", "config": {"dataset": "digits"}, "commit": "abc1234", "seed": 0}
    for folder in (place / "begun" / "seed-0", place / "old" / "seed-0"):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(about))
    runs, _ = read_runs(place)
    assert [run.folder for run in runs if not run.finished] == ["begun/seed-0"]


def test_the_table_holds_medians_minima_and_ages(place):
    from rich.console import Console

    runs, _ = read_runs(place)
    console = Console(width=160, record=True, file=io.StringIO())
    for table in runs_tables(runs, now=NOW):
        console.print(table)
    text = console.export_text()
    (line,) = (line for line in text.splitlines() if line.startswith(" deep/new"))
    assert line.split() == [
        *("deep/new", "mnist5k", "triples=100", "2", "0.800", "(0.400)", "60", "(30)", "abc1234", "3h")
    ]


def test_ages_are_short():
    assert [age(s) for s in (5.0, 70.0, 3600.0 * 5, 86400.0 * 3 + 5, -1.0)] == ["5s", "1m", "5h", "3d", "0s"]


def test_json_and_filter(place, capsys):
    assert main(["runs", str(place), "--json", "--benchmark", "addition", "--sort", "accuracy"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["folder"] for row in rows] == ["old", "deep/new"]
    assert rows[0]["differs"] == {"triples": 1000}
    assert rows[0]["config"]["width"] == 32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["."], "holds no runs (folders with results.json)"),
        ([".", "--benchmark", "toy"], "holds no runs of toy"),
    ],
)
def test_what_cannot_be_shown_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in error_of(capsys, ["runs", *arguments])


def rows_of(folder: Path, *runs: dict) -> list:
    """What is read of a folder with these runs."""
    document = json.loads(write(folder, hours=1).read_text()) | {"runs": list(runs)}
    (folder / "results.json").write_text(json.dumps(document))
    found, damaged = read_runs(folder)
    assert damaged == []
    return found


def test_a_row_for_each_variant_and_data_set(tmp_path):
    """As the comparisons write them: methods on data sets, tasks with rows."""
    scores = {("moons", "GEDI"): [0.5, 1.0], ("circles", "GEDI"): [0.25], ("moons", "JEM"): [0.0]}
    runs = [
        {"seed": seed, "dataset": dataset, "method": method, "metrics": {"nmi": score}}
        for (dataset, method), found in scores.items()
        for seed, score in enumerate(found)
    ]
    found = {(run.dataset, run.row): run.summary["nmi"]["median"] for run in rows_of(tmp_path / "a", *runs)}
    assert found == {("moons", "GEDI"): 0.75, ("circles", "GEDI"): 0.25, ("moons", "JEM"): 0.0}
    (half,) = rows_of(tmp_path / "b", {"seed": 0, "task": "half", "row": "all four", "metrics": {}})
    assert half.row == "half all four"


def test_runs_without_labels_have_the_metrics_that_they_have(tmp_path, capsys):
    metrics = {"clusters_in_use": 3.0, "nmi": None, "accuracy": float("nan"), "seconds": 2.0}
    (run,) = rows_of(tmp_path / "a", {"seed": 0, "metrics": metrics})
    assert run.summary == {
        name: {"median": metrics[name], "min": metrics[name]} for name in ("clusters_in_use", "seconds")
    }
    assert main(["runs", str(tmp_path)]) == 0
    assert "clusters_in_use" in capsys.readouterr().out
    assert main(["runs", str(tmp_path), "--sort", "clusters_in_use"]) == 0


def test_no_runs_yet_and_a_run_that_failed(tmp_path, capsys):
    (empty,) = rows_of(tmp_path / "a")
    assert (empty.seeds, empty.summary) == ((), {})
    assert main(["runs", str(tmp_path)]) == 0
    document = json.loads((tmp_path / "a" / "results.json").read_text())
    document["failures"] = [{"seed": 4, "row": "x", "reason": "diverged"}]
    document["runs"] = [{"seed": 3, "row": "x", "metrics": {}}, {"seed": 4, "row": "y", "metrics": {}}]
    (tmp_path / "a" / "results.json").write_text(json.dumps(document))
    found, _ = read_runs(tmp_path)
    assert [(run.row, run.seeds, run.failed) for run in found] == [("x", (3,), (4,)), ("y", (4,), ())]
    capsys.readouterr()
    assert main(["runs", str(tmp_path)]) == 0
    assert "1, 1 failed" in capsys.readouterr().out


def test_names_are_shown_as_they_are(tmp_path, capsys):
    """No markup of rich, and nothing that a terminal obeys."""
    write(tmp_path / "[" / "red]x\x1b[31m\ny", hours=1, benchmark="[/bold]", program="[bold]\n[/]")
    write(tmp_path / "other", hours=2, benchmark="[/bold]", program="b")
    assert main(["runs", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for name in ("[/red]x\\x1b[31m y", "[/bold]: medians", "program=[bold] [/]"):
        assert name in " ".join(out.split())


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_results_that_are_no_file(place, capsys, make):
    make(place / "results.json")
    assert main(["runs", str(place)]) == 0
    assert "results.json: damaged (not a file)" in capsys.readouterr().err


def test_runs_to_a_reader_that_has_gone(place, root):
    process = subprocess.Popen(
        [sys.executable, "-m", "gedi_nesy", "runs", str(place)],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


@pytest.mark.parametrize("number", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_damaged_results_are_shown_or_named(tmp_path, capsys, number):
    for seed in range(number):
        folder = tmp_path / str(seed)
        how = damage(write(folder / "torn", hours=1), random.Random(seed))
        write(folder / "whole", hours=2)
        assert main(["runs", str(folder)]) == 0, how
        shown = capsys.readouterr()
        assert "whole" in shown.out, how
        assert shown.err.count("\n") <= 1, how
        assert ("torn" in shown.out) != ("torn/results.json: damaged (" in shown.err), how


def test_what_other_commands_leave_is_no_damaged_run(place):
    before = read_runs(place)
    (place / "clusters").mkdir()
    (place / "clusters" / "run.json").write_text('{"format": "gedi_nesy.clusters/1", "seed": 0}')
    assert read_runs(place) == before
