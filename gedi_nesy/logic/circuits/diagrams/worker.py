"""A process that compiles decision diagrams and nothing else: python -P worker.py

PySDD recurses as deeply as a vtree goes, outgrows a stack of 8 MB, and cannot be interrupted. Here it has a
thread with a large stack in a process of its own, which may die or be ended without harm. The parent writes a
`Problem`, then a `Trial` after another; each is answered by `Progress` and at last by its outcome. The process
ends when its input does.
"""

import contextlib
import importlib
import os
import pickle
import sys
import threading
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

STACK_MIB = (1024, 512, 256, 64)
"""Sizes of stack to ask for, the first that the machine grants."""

PACKAGES = (
    "gedi_nesy",
    "gedi_nesy.logic",
    "gedi_nesy.logic.circuits",
    "gedi_nesy.logic.circuits.diagrams",
    "gedi_nesy.logic.grounding",
)


def main() -> None:
    """Answer trials until the input ends."""
    root = Path(__file__).resolve().parents[4]
    for name in PACKAGES:
        # Packages without their __init__, which would load torch and take seconds.
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")))]
        sys.modules[name] = package
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the native library prints must not come between the answers
    threading.excepthook = _fail
    trials = importlib.import_module("gedi_nesy.logic.circuits.diagrams.trials")
    problem = pickle.load(sys.stdin.buffer)
    with contextlib.suppress(EOFError):
        while True:
            trial = pickle.load(sys.stdin.buffer)
            _start(lambda trial=trial: _answer(trials, problem, trial, output))
    # The parent is done, or gone: a compilation that still runs is of use to nobody.
    os._exit(0)


def _start(work: Any) -> None:
    for size in STACK_MIB:
        threading.stack_size(size << 20)
        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:
            continue
        return
    raise MemoryError("no stack of 64 MiB is to be had")


def _fail(arguments: threading.ExceptHookArgs) -> None:
    """The parent waits for an answer: say on standard error why there is none, and end."""
    traceback.print_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    sys.stderr.flush()
    os._exit(1)


def _answer(trials: Any, problem: Any, trial: Any, output: BinaryIO) -> None:
    said = time.monotonic()

    def report(progress: Any) -> None:
        nonlocal said
        if time.monotonic() - said > 0.2:
            said = time.monotonic()
            _write(progress, output)

    _write(trials.run(problem, trial, report), output)


def _write(message: Any, output: BinaryIO) -> None:
    pickle.dump(message, output, protocol=pickle.HIGHEST_PROTOCOL)
    output.flush()


if __name__ == "__main__":
    main()
