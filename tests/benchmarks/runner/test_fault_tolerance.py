"""Benchmarks that are killed go on, and end with the numbers of a run that nobody disturbed."""

import json
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from benchmarks.addition import __main__ as addition
from benchmarks.runner import fault_tolerance, loop
from benchmarks.shortcuts import __main__ as shortcuts
from benchmarks.toy import __main__ as toy
from gedi_nesy.training.durability.checkpoint import CheckpointError
from gedi_nesy.training.vectorized.learner import VectorizedLearner
from tests.benchmarks.runner.kills import ended, endure, forked, newest, spawned

pytestmark = pytest.mark.usefixtures("no_report")

TINY = [
    *("--dataset", "digits", "--device", "cpu", "--threads", "1", "--width", "8", "--start-rank", "4"),
    *("--triples", "30", "--batch-size", "4", "--batch-samples", "4", "--buffer-size", "16"),
    *("--attempts", "1", "--explore", "12", "--naming-every", "10", "--reconsider", "0"),
    *("--iterations", "12", "--seeds", "1", "--save-every", "0"),
]
SMALL = [
    *(*TINY, "--triples", "120", "--unlabelled", "20", "--hold", "0.999", "--iterations", "40"),
    *("--attempts", "2", "--explore", "60", "--reconsider", "20"),
]
"""all phases, and several attempts"""
XOR = [
    *("--dataset", "digits", "--device", "cpu", "--threads", "1", "--width", "8", "--queries", "8"),
    *("--tasks", "xor", "--rows", "all four", "--iterations", "8", "--explore", "10", "--attempts", "1"),
    *("--save-every", "0"),
]


def final(out: Path, seed: str = "seed-1") -> dict:
    """All numbers that a run ends with: metrics without seconds, attempts, the model byte for byte, the history.

    How far the audit comes within its seconds is not the run's doing.
    """
    (run,) = json.loads((out / "results.json").read_text())["runs"]
    run["metrics"] = {name: value for name, value in run["metrics"].items() if name != "seconds"}
    run = {name: value for name, value in run.items() if name not in ("audit", "learned")}
    parts = run.pop("survival")
    assert parts["recoveries"] == []
    place = next(out.rglob(seed))
    assert not (place / "checkpoints").exists()
    histories = [file.read_text() for file in place.glob("history.jsonl")]
    return run | {"weights": (place / "model" / "model.safetensors").read_bytes(), "histories": histories}


def undisturbed(start, arguments: list[str], out: Path) -> dict:
    assert ended(start([*arguments, "--out", str(out)], out.with_suffix(".log")), lambda: False, 0) == 0
    return final(out, "seed-*")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict:
    """What TINY ends with if nobody disturbs it."""
    return undisturbed(forked(addition), TINY, tmp_path_factory.mktemp("whole") / "out")


def test_addition_killed_and_killed_again(tmp_path, whole):
    start, out, log = forked(addition), tmp_path / "killed", tmp_path / "log"
    arguments = [*TINY, "--out", str(out), "--resume"]
    codes = endure(start, arguments, out / "seed-1" / "checkpoints", log, 4, steps=12)
    # on a quick machine the run may be over before the last kills
    assert codes[:2] == [-signal.SIGKILL] * 2, log.read_text()
    assert set(codes[2:-1]) <= {-signal.SIGKILL, 0}, log.read_text()
    assert codes[-1] == 0, log.read_text()
    assert final(out) == whole
    assert "goes on after step" in log.read_text()
    survived = json.loads((out / "results.json").read_text())["runs"][0]["survival"]
    assert survived["parts"] > 1
    assert 0 < survived["checkpoint_share"] < 1


@pytest.mark.parametrize(
    ("module", "arguments", "number"),
    [
        (addition, TINY, signal.SIGTERM),
        pytest.param(shortcuts, XOR, signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_a_signal_saves_first(tmp_path, module, arguments, number):
    """With no checkpoint before, all that the first process did is in the one that the signal caused."""
    start, out, log = forked(module), tmp_path / "ended", tmp_path / "log"
    arguments = [*arguments, "--iterations", "60"]  # long enough for a signal to come in time
    whole = undisturbed(start, arguments, tmp_path / "whole")
    arguments = [*arguments, "--save-every", "1e6", "--out", str(out)]

    def trained() -> bool:
        return log.exists() and "inv" in log.read_text()

    assert ended(start(arguments, log), trained, number) == 128 + number, log.read_text()
    last = log.read_text().strip().splitlines()[-1]
    assert last.startswith(f"stopped by {number.name}; the run is saved in")
    assert last.endswith("pass --resume to go on")
    (checkpoints,) = out.rglob("checkpoints")
    assert newest(checkpoints) >= 1
    assert ended(start(arguments, log), lambda: False, 0) == 2
    assert "holds a run that was ended; pass --resume" in log.read_text()
    assert ended(start([*arguments, "--resume"], log), lambda: False, 0) == 0, log.read_text()
    assert final(out, "seed-*") == whole


TOY = [
    *("--dataset", "moons", "--methods", "GEDI", "--points", "200", "--test-points", "50", "--attempts", "2"),
    *("--iterations", "400", "--seeds", "0", "1", "--threads", "1", "--device", "cpu", "--save-every", "0"),
]


def toy_numbers(out: Path) -> tuple[list[dict], dict[str, bytes]]:
    """Metrics without seconds, and every model byte for byte."""
    runs = json.loads((out / "results.json").read_text())["runs"]
    for each in runs:
        each["metrics"].pop("seconds")
    assert not list(out.rglob("checkpoint-*"))
    return runs, {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*.safetensors")}


def test_toy_killed_and_stopped(tmp_path):
    """Twice by SIGKILL, once by SIGTERM; the row has more than one attempt."""
    start, out, log = forked(toy), tmp_path / "killed", tmp_path / "log"
    assert ended(start([*TOY, "--out", str(tmp_path / "whole")], log), lambda: False, 0) == 0, log.read_text()
    arguments = [*TOY, "--out", str(out), "--resume"]
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        before = set(out.rglob("checkpoint-*.safetensors"))

        def further(before=before) -> bool:
            return bool(set(out.rglob("checkpoint-*.safetensors")) - before)

        code = ended(start(arguments, log), further, number)
        assert code == (143 if number == signal.SIGTERM else -9), log.read_text()
    assert ended(start(arguments, log), lambda: False, 0) == 0, log.read_text()
    runs, models = toy_numbers(out)
    assert (runs, models) == toy_numbers(tmp_path / "whole")
    assert len(runs) == 2


@pytest.mark.slow
def test_toy_results_that_were_not_written_are_made_from_what_was_trained(monkeypatch, tmp_path):
    arguments = [*TOY, "--resume", "--out", str(tmp_path / "stopped")]
    for out in ("whole", "stopped"):
        monkeypatch.setattr(sys, "argv", ["toy", *TOY, "--out", str(tmp_path / out)])
        with monkeypatch.context() as patch, pytest.raises(SystemExit) if out == "stopped" else nullcontext():
            if out == "stopped":
                stop_in_the_evaluation(patch)
            toy.cli()
    assert list((tmp_path / "stopped").rglob("checkpoint-*"))
    monkeypatch.setattr(sys, "argv", ["toy", *arguments])
    monkeypatch.setattr(VectorizedLearner, "run_block", None)  # nothing is trained again
    toy.cli()
    assert toy_numbers(tmp_path / "stopped") == toy_numbers(tmp_path / "whole")


def run(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["addition", *arguments])
    try:
        addition.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def stop_in_the_evaluation(monkeypatch) -> None:
    """The run is trained and saved, and ends before its results are written: its checkpoints stay."""

    def failing(*arguments, **keywords):
        raise OSError("stopped here")

    monkeypatch.setattr(loop, "write_results", failing)


def test_damaged_checkpoints_are_named_and_other_settings_refused(monkeypatch, tmp_path, capsys):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        stop_in_the_evaluation(patch)
        assert run(patch, *TINY, "--out", str(out)) == 2
    checkpoints = sorted((out / "seed-1" / "checkpoints").iterdir())
    assert len(checkpoints) == 3
    checkpoints[-1].write_bytes(checkpoints[-1].read_bytes()[:1000])
    checkpoints[-2].write_bytes(b"not ours")
    capsys.readouterr()
    assert run(monkeypatch, *TINY, "--out", str(out), "--resume", "--ema", "0.5") == 2
    error = capsys.readouterr().err
    assert "made with other settings: ema was 0.998, is 0.5" in error
    with monkeypatch.context() as patch:
        patch.setattr(fault_tolerance, "commit", lambda: "another")
        assert run(patch, *TINY, "--out", str(out), "--resume") == 0
    said = " ".join(capsys.readouterr().out.split())
    for file in checkpoints[1:]:
        assert f"{file.name} cannot be read" in said
    assert "the one before it is taken" in said
    assert "goes on after step 9 of refine" in said
    assert "numbers may differ: commit was" in said
    assert "is another" in said


def test_a_full_disk_ends_with_a_line_and_the_run_goes_on_later(monkeypatch, tmp_path, capsys, whole):
    from gedi_nesy.training.durability import checkpoint

    out = tmp_path / "out"
    saved = []

    def save(*arguments, **keywords):
        if len(saved) == 10:
            raise CheckpointError(
                "checkpoint 11 was not written: No space left on device; what was saved before is intact"
            )
        saved.append(write(*arguments, **keywords))

    write = checkpoint.save
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        assert run(patch, *TINY, "--out", str(out)) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: checkpoint 11 was not written: No space left on device")
    assert len(error.splitlines()) == 1
    assert run(monkeypatch, *TINY, "--out", str(out), "--resume") == 0
    assert "goes on after step 9 of attempt 1" in " ".join(capsys.readouterr().out.split())
    assert final(out) == whole


def test_killed_between_the_results_and_the_end(monkeypatch, tmp_path):
    """The results are written and the checkpoints still there: the seed is not trained again, and they are deleted."""
    with monkeypatch.context() as patch:
        patch.setattr(loop.checkpoint, "remove", lambda folder: None)
        assert run(patch, *TINY, "--out", str(tmp_path)) == 0
    before = (tmp_path / "results.json").read_text()
    assert (tmp_path / "seed-1" / "checkpoints").exists()
    assert run(monkeypatch, *TINY, "--out", str(tmp_path), "--resume") == 0
    assert not (tmp_path / "seed-1" / "checkpoints").exists()
    assert (tmp_path / "results.json").read_text() == before


def test_a_run_that_diverges_says_so(monkeypatch, tmp_path, capsys):
    """NaN in the weights, once: results.json, the history and the console tell of it, and the run ends well."""
    from gedi_nesy.training.learner import Learner

    step, broken = Learner.step, []

    def faulty(self, *arguments, **keywords):
        if self.steps == 20 and not broken:
            broken.append(self)
            torch.nn.init.constant_(self.model.output.bias, float("nan"))
        return step(self, *arguments, **keywords)

    monkeypatch.setattr(Learner, "step", faulty)
    assert run(monkeypatch, *TINY, "--out", str(tmp_path)) == 0
    (recovery,) = json.loads((tmp_path / "results.json").read_text())["runs"][0]["survival"]["recoveries"]
    assert (recovery["phase"], recovery["step"], recovery["back_to"]) == ("refine", 8, 0)
    assert "are not finite" in recovery["reason"]
    lines = [json.loads(line) for line in (tmp_path / "seed-1" / "history.jsonl").read_text().splitlines()]
    assert lines[20] == {"recovery": recovery}
    assert [line["step"] for line in lines[21:]] == list(range(12))
    said = " ".join(capsys.readouterr().out.split())
    assert "diverged in refine, step 8, and went on from step 0 with new chains and the learning rate" in said


def test_a_run_that_cannot_be_saved_is_one_line(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, *TINY, "--learning-rate", "1e30", "--out", str(tmp_path)) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert error.startswith("error: 1 of 1 runs failed, the others stand in")
    assert "the first: training diverged in attempt 1; 3 rollbacks" in error
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["runs"] == []
    (failure,) = results["failures"]
    assert (failure["seed"], failure["row"]) == (1, "")
    assert failure["reason"].startswith("training diverged in attempt 1")


def test_overwriting_begins_anew(monkeypatch, tmp_path, capsys):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        stop_in_the_evaluation(patch)
        assert run(patch, *TINY, "--out", str(out)) == 2
    assert run(monkeypatch, *TINY, "--out", str(out), "--overwrite") == 0
    assert json.loads((out / "results.json").read_text())["runs"][0]["survival"]["parts"] == 1
    assert run(monkeypatch, *TINY, "--out", str(out), "--save-every", "-1") == 2
    assert "--save-every -1.0 must be finite and not negative" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "flags"), [(50, ()), (20, ("--precision", "bfloat16"))])
def test_many_kills_during_one_run(tmp_path, kills, flags):
    """Processes as a user starts them; python -m pytest -m slow tests/benchmarks/runner/test_fault_tolerance.py"""
    start, out, log = spawned("addition"), tmp_path / "killed", tmp_path / "log"
    whole = undisturbed(start, [*SMALL, *flags], tmp_path / "whole")
    steps = len(whole["histories"][0].splitlines())
    arguments = [*SMALL, *flags, "--out", str(out), "--resume"]
    codes = endure(start, arguments, out / "seed-1" / "checkpoints", log, kills, steps)
    assert codes == [-signal.SIGKILL] * kills + [0], log.read_text()
    assert final(out) == whole
