"""Two processes and one folder: the kernel decides, and frees what a dead process held."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gedi_nesy.errors import GediNesyError
from gedi_nesy.training.durability.lock import FolderInUseError, locked

HOLDER = """
import pathlib, sys, time
from gedi_nesy.training.durability.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(folder: Path, root: Path) -> subprocess.Popen:
    """A process that holds the folder by now."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_living_process_holds_its_folder_and_a_dead_one_does_not(tmp_path, root, number):
    folder = tmp_path / "new" / "run"
    with holder(folder, root) as process:
        with pytest.raises(FolderInUseError) as caught, locked(folder):
            pass
        assert str(caught.value).startswith(f"{folder} is in use by process {process.pid} on ")
        assert isinstance(caught.value, GediNesyError)
        process.send_signal(number)
        process.wait()
    with locked(folder):
        assert (folder / ".lock").read_text().startswith(f"process {os.getpid()} on ")


def test_a_second_process_is_told_who_has_the_folder(tmp_path, root):
    with locked(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"is in use by process {os.getpid()} on " in done.stderr


def test_it_is_free_afterwards_also_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with locked(tmp_path), pytest.raises(FolderInUseError), locked(tmp_path):
        pass
    with locked(tmp_path), locked(tmp_path / "another"):
        pass


def test_a_process_that_the_holder_started_does_not_hold_it_on(tmp_path):
    with locked(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with locked(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError), locked(tmp_path):
        pass


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def flock(handle: int, operation: int) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.warns(UserWarning, match="has no locks; start no second run there"), locked(tmp_path):
        pass
