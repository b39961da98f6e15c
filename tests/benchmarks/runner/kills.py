"""Ends a run of a benchmark at random moments, again and again, and goes on with it each time."""

import importlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[3]

Start = Callable[[list[str], Path], int]
"""Start a benchmark with these arguments, its output appended to a file; the process's id."""


def forked(module) -> Start:
    """In a fork of this process, which spares seconds of imports: also of those that a run makes late."""
    for name in ("matplotlib.pyplot", "sklearn.metrics", "torch._dynamo"):
        importlib.import_module(name)

    def start(arguments: list[str], log: Path) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            sys.stdout = sys.stderr = log.open("a")
            sys.argv = [module.__name__, *arguments]
            module.cli()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.stdout.flush()
            os._exit(code)

    return start


def spawned(name: str) -> Start:
    """As a user would: python -m benchmarks.NAME."""

    def start(arguments: list[str], log: Path) -> int:
        output = [(os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)]
        output.append((os.POSIX_SPAWN_DUP2, 1, 2))
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return os.posix_spawn(sys.executable, command, environment, file_actions=output)

    return start


def newest(folder: Path) -> int:
    """The number of the newest checkpoint, 0 if there is none."""
    return max((int(file.stem.split("-")[1]) for file in folder.glob("checkpoint-*.safetensors")), default=0)


def ended(pid: int, due: Callable[[], bool], number: int) -> int:
    """Send the signal as soon as it is due, unless the process ends before; its exit code, -N for signal N."""
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if due():
            os.kill(pid, number)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        time.sleep(0.001)


def endure(
    start: Start, arguments: list[str], checkpoints: Path, log: Path, kills: int, steps: int, seed: int = 0
) -> list[int]:
    """Kill a run `kills` times by SIGKILL, at any moment of a step, of a save or of the start; the exit codes.

    `steps` is how many the whole run has, or less: lives are so short that the kills fall into it, unless steps
    are very quick.
    """
    chance = random.Random(seed)
    codes = []
    for _ in range(kills):
        before = newest(checkpoints)
        further = chance.randint(0, int(1.6 * steps / kills))
        pause = chance.uniform(0.0, 0.05 if further else 2.0)
        reached: list[float] = []

        def due(before=before, further=further, pause=pause, reached=reached) -> bool:
            if not reached and newest(checkpoints) >= before + further:
                reached.append(time.monotonic())
            return bool(reached) and time.monotonic() >= reached[0] + pause

        codes.append(ended(start(arguments, log), due, signal.SIGKILL))
    codes.append(ended(start(arguments, log), lambda: False, signal.SIGKILL))
    return codes
