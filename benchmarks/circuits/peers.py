"""DeepLog beside compiled circuits, in one process of an environment of its own: it needs a newer Python."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.runner.results import PROJECT

PACKAGES = (
    "pydeeplog==5.0.0",
    "mv-sdd",
    "jaxtyping",
    "safetensors",
    "deepproblog",
    "problog",
    "PySDD",
    "torch",
    "numpy",
)
"""What the environment gets: both engines, and of this one's dependencies those of `gedi_nesy.logic`."""

SAME = ("torch", "deepproblog", "problog", "PySDD", "jaxtyping")
"""Of these the versions that are installed here."""

LEAST = (3, 12)


class LeftOutError(RuntimeError):
    """Why DeepLog cannot be run here, in a line."""


def measure(name: str, environment: Path, batch: int, repeats: int, seconds: float) -> dict[str, Any]:
    """A row of the table; LeftOutError if there is no environment, or DeepLog does not manage the program."""
    worker = Path(__file__).with_name("peer_worker.py")
    command = [str(python_of(environment)), str(worker), name, str(batch), str(repeats)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_variables(), timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise LeftOutError(f"more than {seconds:g} s") from None
    if done.returncode:
        raise LeftOutError((done.stderr.strip().splitlines() or ["no output"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


@cache
def python_of(environment: Path) -> Path:
    """The interpreter of the environment, which is made if it is not there."""
    python = environment / "bin" / "python"
    if not python.exists():
        _said([str(_newer_python()), "-m", "venv", str(environment)])
        _said([str(python), "-m", "pip", "install", "--quiet", *pinned(PACKAGES)])
    _said([str(python), "-c", "import deeplog, gedi_nesy.logic"])
    return python


def pinned(packages: Sequence[str]) -> list[str]:
    """Each of them in the version that is installed here, where both engines are to share it."""
    return [f"{name}=={version(name)}" if name in SAME else name for name in packages]


def _newer_python() -> Path:
    names = [sys.executable, *(f"python3.{minor}" for minor in range(14, LEAST[1] - 1, -1))]
    for path in filter(None, map(shutil.which, names)):
        code = f"import sys; sys.exit(sys.version_info[:2] < {LEAST})"
        if subprocess.run([path, "-c", code], capture_output=True, check=False).returncode == 0:
            return Path(path)
    raise LeftOutError(f"DeepLog needs Python {LEAST[0]}.{LEAST[1]} or newer, and there is none")


def _said(command: Sequence[str]) -> None:
    """Run it; LeftOutError with the last line it said if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_variables())
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise LeftOutError(f"{Path(command[0]).name} {' '.join(command[1:4])}: {said[-1]}")


def _variables() -> dict[str, str]:
    """The project is found without being installed; one thread."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
