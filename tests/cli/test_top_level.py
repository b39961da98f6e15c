"""What the top of a command line makes of each kind of end."""

import errno
import os
import pickle
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from gedi_nesy.cli.top_level import CLOSED_PIPE, INTERNAL, INTERRUPTED, run
from gedi_nesy.data.images import DataError
from gedi_nesy.errors import ConfigError, GediNesyError, StoppedError, one_line
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.report.runs import RunsError
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.durability.checkpoint import CheckpointError


def raising(error: BaseException):
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (ConfigError, ValueError),
        (DataError, ValueError),
        (ProgramError, ValueError),
        (RunsError, ValueError),
        (DivergedError, RuntimeError),
        (CheckpointError, OSError),
    ],
)
def test_all_errors_of_the_project_have_one_base_and_keep_their_kind(kind, base):
    assert issubclass(kind, GediNesyError)
    assert issubclass(kind, base)
    assert str(kind("two\nlines \x1b[31m of it")) == "two lines \\x1b[31m of it"


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (ProgramError("a.pl:3: what\n is wrong"), "error: a.pl:3: what is wrong\n", 1),
        (ConfigError("tau=0 must be positive"), "error: tau=0 must be positive\n", 1),
        (FileNotFoundError(errno.ENOENT, "No such file", "a\nb"), "error: a b: No such file\n", 1),
        (
            RuntimeError("InvalidCxxCompiler: No working C++ compiler found in torch._inductor"),
            "error: torch.compile (--compile) needs a C++ compiler, and found none: install g++, or leave",
            1,
        ),
        (MemoryError(), "error: out of memory; make batches, images or the program smaller\n", 1),
        (
            StoppedError(15, Path("runs/x")),
            "stopped by SIGTERM; the run is saved in runs/x; pass --resume",
            143,
        ),
        (KeyboardInterrupt(), "stopped\n", INTERRUPTED),
        (torch.OutOfMemoryError("CUDA"), "error: out of memory; make batches or images smaller (CUDA)\n", 1),
        (ModuleNotFoundError("no", name="rich.table"), "a package that is not installed: rich\n", 1),
    ],
)
def test_what_a_user_can_mend_is_one_line(error, line, code, capsys):
    assert run(raising(error)) == code
    captured = capsys.readouterr()
    assert line in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_benchmarks_have_an_exit_code_of_their_own():
    assert run(raising(ConfigError("x=1")), failed=2) == 2
    assert run(lambda: None) == 0
    assert run(lambda: 3) == 3
    assert run(lambda: sys.exit(4)) == 4


def test_text_that_is_not_utf8(tmp_path, capsys):
    (tmp_path / "a.pl").write_bytes(b"a\xff")
    assert run(lambda: len((tmp_path / "a.pl").read_text("utf-8"))) == 1
    assert capsys.readouterr().err == "error: a file is not UTF-8 text (byte 1: invalid start byte)\n"


def test_torch_without_memory_on_a_cpu(capsys):
    assert run(lambda: len(torch.empty(2**55))) == 1
    assert "error: out of memory" in capsys.readouterr().err


def test_an_argument_refused_by_a_raise_of_ours_is_the_users(capsys):
    from gedi_nesy import GEDI
    from gedi_nesy.models.encoders import MLP

    assert run(lambda: bool(GEDI(MLP(), num_clusters=1))) == 1
    assert capsys.readouterr().err == "error: num_clusters=1 must be at least 2\n"


@pytest.mark.parametrize(
    "fault",
    [
        lambda: [1].index(2),
        lambda: {}["key"],
        lambda: torch.zeros(2) @ torch.zeros(3),
        lambda: int("ours"),
        raising(AssertionError("an invariant")),
        raising(NotImplementedError()),
    ],
)
def test_a_fault_of_ours_says_so_and_keeps_its_traceback(fault, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(fault) == INTERNAL
    captured = capsys.readouterr()
    assert captured.err.startswith("internal error: ")
    assert "a fault of gedi_nesy and not of your input: please report it" in captured.err
    assert captured.err.count("\n") == 1
    (file,) = tmp_path.iterdir()
    assert str(file) in captured.err
    text = file.read_text()
    assert "Traceback" in text
    assert f"'torch': '{version('torch')}'" in text


def test_nowhere_to_keep_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert run(lambda: {}["key"]) == INTERNAL
    assert "Traceback" in capsys.readouterr().err


def test_tracebacks_on_demand(monkeypatch):
    monkeypatch.setenv("GEDI_NESY_TRACEBACK", "1")
    with pytest.raises(ProgramError):
        run(raising(ProgramError("a")))


def test_the_line_names_its_rank(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    run(raising(ConfigError("x")))
    assert capsys.readouterr().err == "rank 1: error: x\n"


def test_an_error_crosses_processes():
    stopped = pickle.loads(pickle.dumps(StoppedError(2, Path("x"))))
    assert (stopped.signal, str(stopped)) == (2, "stopped by SIGINT; the run is saved in x")


def test_one_line_leaves_ordinary_text_alone():
    assert one_line("a  b, p̄ ∧ 数") == "a  b, p̄ ∧ 数"


def process(code: str, **options) -> subprocess.Popen:
    header = "import sys, time\nfrom gedi_nesy.cli.top_level import run\ndef command():\n    "
    text = f"{header}{code}\nsys.exit(run(command))"
    return subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE, text=True, **options)


def test_a_reader_that_has_gone(root):
    """As with `| head -1`."""
    with process("[print('x' * 1000) for _ in range(1000)]", stdout=subprocess.PIPE, cwd=root) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.stdout.close()
        assert writer.stderr is not None
        assert writer.stderr.read() == ""
        assert writer.wait() == CLOSED_PIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_full_disk_behind_the_output(root, lines):
    with (
        open("/dev/full", "w") as full,
        process(f"[print('x') for _ in range({lines})]", stdout=full, cwd=root) as writer,
    ):
        assert writer.stderr is not None
        assert writer.stderr.read() == "error: No space left on device\n"
        assert writer.wait() == 1


@pytest.mark.parametrize(
    ("number", "line", "code"),
    [(signal.SIGINT, "stopped\n", 130), (signal.SIGTERM, "stopped by SIGTERM\n", 143)],
)
def test_signals(root, number, line, code):
    with process(
        "try: print('begun', flush=True); time.sleep(60)\n    finally: print('tidied up')",
        stdout=subprocess.PIPE,
        cwd=root,
    ) as sleeper:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline() == "begun\n"
        sleeper.send_signal(number)
        out, error = sleeper.communicate()
        assert (out, error, sleeper.returncode) == ("tidied up\n", line, code)
