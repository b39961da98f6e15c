"""The runner's loop on a benchmark that takes no time: order, resume, failures, locks, workers, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from benchmarks.runner import workers
from benchmarks.runner.config import RunConfig
from benchmarks.runner.devices import device_of
from benchmarks.runner.fault_tolerance import saver_of
from gedi_nesy.training.durability.lock import locked
from tests.benchmarks.runner import tiny


def run(monkeypatch, *arguments: object) -> int:
    """The exit code of the tiny benchmark's command line."""
    monkeypatch.setattr(sys, "argv", ["tiny", *map(str, arguments), "--device", "cpu", "--threads", "1"])
    try:
        tiny.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def results(out: Path) -> dict:
    return json.loads((out / "results.json").read_text())


def cells(out: Path) -> list[tuple[str, int]]:
    return [(each["row"], each["seed"]) for each in results(out)["runs"]]


def test_rows_times_seeds_in_their_order(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "--seeds", 0, 1, "--out", tmp_path) == 0
    assert cells(tmp_path) == [("plain", 0), ("plain", 1), ("square", 0), ("square", 1)]
    document = results(tmp_path)
    assert "failures" not in document
    plain, square = (
        [each["metrics"]["value"] for each in part] for part in (document["runs"][:2], document["runs"][2:])
    )
    assert square == [value**2 for value in plain]
    assert not list(tmp_path.rglob("*checkpoint*"))
    assert "a table of 4 runs" in capsys.readouterr().out


def test_resume_does_what_is_missing_and_keeps_the_rest(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "--rows", "square", "--out", tmp_path) == 0
    before = results(tmp_path)["runs"]
    assert run(monkeypatch, "--rows", "square", "--seeds", 1, 0, "--resume", "--out", tmp_path) == 0
    assert results(tmp_path)["runs"][:1] == before
    assert cells(tmp_path) == [("square", 0), ("square", 1)]
    assert run(monkeypatch, "--rows", "square", "--scale", 2.0, "--resume", "--out", tmp_path) == 2
    assert "other settings than before: scale was 1.0, is 2.0" in capsys.readouterr().err


def test_resume_adds_rows(monkeypatch, tmp_path):
    assert run(monkeypatch, "--rows", "square", "--out", tmp_path) == 0
    before = results(tmp_path)["runs"]
    assert run(monkeypatch, "--rows", "plain", "square", "--resume", "--out", tmp_path) == 0
    assert results(tmp_path)["runs"][:1] == before
    assert cells(tmp_path) == [("square", 0), ("plain", 0)]


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_that_fails_is_a_row_and_the_others_go_on(monkeypatch, tmp_path, capsys, count):
    rows = ["diverges", "plain", "refuses", "square", "void"]
    assert run(monkeypatch, "--rows", *rows, "--workers", count, "--out", tmp_path) == 2
    assert cells(tmp_path) == [("plain", 0), ("square", 0)]
    failures = sorted(results(tmp_path)["failures"], key=lambda failure: failure["row"])
    assert failures == [
        {"row": "diverges", "seed": 0, "reason": "the loss is nan"},
        {"row": "refuses", "seed": 0, "reason": "eps would be 0"},
        {"row": "void", "seed": 0, "reason": "this seed diverged"},
    ]
    output = capsys.readouterr()
    assert "row diverges, seed 0  the loss is nan" in " ".join(output.out.split(" "))
    assert output.err.startswith("error: 3 of 5 runs failed")
    assert len(output.err.strip().splitlines()) == 1


def test_a_failure_is_tried_again_by_resume(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(tiny.torch, "randn", lambda *_, **__: (_ for _ in ()).throw(tiny.DivergedError("once")))
        assert run(patch, "--rows", "plain", "--out", tmp_path) == 2
    assert results(tmp_path)["failures"]
    assert run(monkeypatch, "--rows", "plain", "--resume", "--out", tmp_path) == 0
    assert "failures" not in results(tmp_path)
    assert cells(tmp_path) == [("plain", 0)]


def test_what_strikes_all_runs_ends_the_job(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "--rows", "plain", "disk", "square", "--out", tmp_path) == 2
    assert "model: No space left on device" in capsys.readouterr().err
    assert cells(tmp_path) == [("plain", 0)]


def test_a_fault_of_ours_is_called_so_and_its_traceback_kept(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "--rows", "plain", "breaks", "--out", tmp_path) == 70
    error = capsys.readouterr().err
    assert error.startswith("internal error: KeyError: 'ours'; this is a fault of gedi_nesy")
    (kept,) = (Path(word.rstrip(",")) for word in error.split() if "gedi_nesy-error-" in word)
    assert "in run_one" in kept.read_text()
    kept.unlink()
    assert cells(tmp_path) == [("plain", 0)]


def test_workers_give_the_numbers_of_one_process(monkeypatch, tmp_path):
    documents = []
    for count in (1, 2):
        out = tmp_path / str(count)
        assert run(monkeypatch, "--seeds", 0, 1, 2, "--workers", count, "--out", out) == 0
        documents.append(results(out))
        assert not list(out.rglob("*checkpoint*"))
    assert documents[0]["runs"] == documents[1]["runs"]
    assert documents[0]["summary"] == documents[1]["summary"]


def test_a_worker_that_dies_is_one_line(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, "--rows", "dies", "--seeds", 0, 1, "--workers", 2, "--out", tmp_path) == 2
    error = capsys.readouterr().err
    assert "error: --workers 2: a worker was ended from outside" in error


def test_threads_are_shared_out_fairly():
    assert [workers.threads_each(8, count) for count in (1, 2, 3, 8, 20)] == [8, 4, 2, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", 1, 2, 1], "--seeds 1 2 1: 1 is given twice"),
        (["--seeds", -1], "--seeds -1 must not be negative"),
        (["--workers", 0], "--workers 0 must be at least 1"),
        (["--backend", "dask"], "--backend dask and --scheduler ADDRESS need each other"),
        (["--out", "/dev/null/here"], "--out /dev/null/here: cannot be written to: Not a directory"),
        (["--resume"], "--resume needs --out DIR"),
    ],
)
def test_what_does_not_fit_is_one_line(monkeypatch, capsys, arguments, message):
    assert run(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["mps", "xpu", "cuda:9", "gpu", "meta", "cuda"])
def test_a_device_that_is_not_there_is_named(monkeypatch, name):
    for kind in ("cuda", "xpu"):
        monkeypatch.setattr(f"torch.{kind}.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(ValueError, match=f"--device {name}: "):
        RunConfig(device=name).prepare()


def test_a_device_beyond_the_last_is_named(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert str(device_of("cuda:1")) == "cuda:1"
    with pytest.raises(ValueError, match=r"--device cuda:9: this machine has 2 cuda, the last is cuda:1"):
        device_of("cuda:9")


def test_a_folder_in_use_is_refused(monkeypatch, tmp_path, capsys):
    with locked(tmp_path):
        assert run(monkeypatch, "--out", tmp_path) == 2
    error = capsys.readouterr().err
    assert f"--out {tmp_path} is in use by process {os.getpid()}" in error
    assert run(monkeypatch, "--out", tmp_path) == 0


def spawned(out: Path, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.benchmarks.runner.tiny", *map(str, arguments), "--out", str(out)]
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def begun(out: Path) -> list[int]:
    """The processes that wait. Named one by one: other folders come and go while one looks."""
    files = [out / "waits" / f"seed-{seed}" / "begun" for seed in (0, 1)]
    return [int(file.read_text()) for file in files if file.exists() and file.stat().st_size > 0]


def wait_until_begun(job: subprocess.Popen, out: Path, count: int) -> None:
    while len(begun(out)) < count:
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)


def test_a_killed_job_holds_no_lock(monkeypatch, tmp_path, capsys):
    job = spawned(tmp_path, "--rows", "plain", "waits", "--device", "cpu")
    wait_until_begun(job, tmp_path, 1)
    assert run(monkeypatch, "--out", tmp_path, "--resume") == 2
    assert f"is in use by process {job.pid}" in capsys.readouterr().err
    os.kill(job.pid, signal.SIGKILL)
    job.communicate()
    assert run(monkeypatch, "--out", tmp_path, "--overwrite") == 0


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_and_keeps_what_is_done(tmp_path, count, number, code):
    job = spawned(tmp_path, "--rows", "plain", "waits", "--seeds", 0, 1, "--workers", count)
    wait_until_begun(job, tmp_path, count)
    processes = begun(tmp_path)
    job.send_signal(number)
    output, _ = job.communicate()
    assert job.returncode == code, output
    assert output.strip().splitlines()[-1].startswith("stopped")
    assert cells(tmp_path) == [("plain", 0), ("plain", 1)]
    assert not [process for process in processes if is_running(process)]


def is_running(process: int) -> bool:
    """Whether it is there and does something: what has ended may wait to be collected by its parent."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_closed_pipe_is_silent(tmp_path):
    job = spawned(tmp_path)
    assert job.stdout is not None
    job.stdout.close()
    assert job.wait() == 141


@pytest.mark.slow
def test_dask_gives_the_numbers_of_one_process(monkeypatch, tmp_path):
    """A cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    assert run(monkeypatch, "--seeds", 0, 1, "--out", tmp_path / "one") == 0
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        arguments = ["--backend", "dask", "--scheduler", address, "--out", tmp_path / "two"]
        assert run(monkeypatch, "--seeds", 0, 1, *arguments) == 0
    assert results(tmp_path / "two")["runs"] == results(tmp_path / "one")["runs"]


def test_a_run_that_was_ended_on_its_way_goes_on_among_other_rows(tmp_path):
    def settings(**given) -> Mapping:
        config = tiny.TinyConfig(**given)
        return saver_of(config, tmp_path, {"seed": 0}, torch.device("cpu")).config.settings

    assert settings(rows=("plain",)) == settings(rows=("square", "plain"), seeds=(0, 1))
    assert settings(rows=("plain",)) != settings(rows=("plain",), scale=2.0)
