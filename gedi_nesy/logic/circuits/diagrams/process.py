"""The process that compiles decision diagrams, as its parent sees it: it can be waited for, ended, and can die."""

import contextlib
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.diagrams import worker
from gedi_nesy.logic.circuits.diagrams.trials import Outcome, Problem, Progress, Trial

POLL_SECONDS = 0.1
"""How often the budget is looked at while the process works."""


@dataclass(frozen=True)
class Died:
    """The process ended by itself; `reason` is a signal or the last thing it said."""

    reason: str


class OutOfTime:
    """The process was ended, since the trial took longer than it may."""


class DiagramProcess:
    """A context manager that ends its process, whatever happens, and starts another where one has ended."""

    def __init__(self, problem: Problem):
        self.problem = pickle.dumps(problem, protocol=pickle.HIGHEST_PROTOCOL)
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __enter__(self) -> "DiagramProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, trial: Trial, seconds: float, watch: Watch) -> Outcome | Died | OutOfTime:
        """One trial; TooLargeError where the budget as a whole is spent meanwhile."""
        if self._process is None:
            self._process, self._answers = self._start()
        deadline = time.monotonic() + seconds
        assert self._process.stdin is not None
        # A process that has died says so below.
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(trial, self._process.stdin)
            self._process.stdin.flush()
        while True:
            try:
                answer = self._answers.get(timeout=POLL_SECONDS)
            except queue.Empty:
                answer = Progress(watch.nodes, watch.fraction or 0.0)
            if answer is None:
                return Died(self._end())
            if not isinstance(answer, Progress):
                return answer
            watch.fraction = answer.fraction
            watch.check(answer.nodes)
            if time.monotonic() > deadline:
                self._end()
                return OutOfTime()

    def _start(self) -> "tuple[subprocess.Popen[bytes], queue.SimpleQueue[Any]]":
        # -P keeps this folder, whose files have short names, out of the process's search path.
        command = [sys.executable, "-P", str(Path(worker.__file__))]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, answers), daemon=True).start()
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(self.problem)
        return process, answers

    def _end(self) -> str:
        """End the process if it is still there; how it ended."""
        process, self._process = self._process, None
        if process is None:
            return ""
        process.kill()
        code = process.wait()
        assert process.stdin is not None
        assert process.stderr is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        with process.stderr:
            errors = process.stderr.read().decode(errors="replace").strip()
        if "Traceback" in errors and "MemoryError" not in errors:
            raise RuntimeError(f"the process that compiles decision diagrams failed:\n{errors}")
        if code < 0:
            return f"signal {-code}: {signal.Signals(-code).name}"
        return errors.splitlines()[-1] if errors else f"exit code {code}"


def _read(process: "subprocess.Popen[bytes]", answers: "queue.SimpleQueue[Any]") -> None:
    """Answers as they come, then None."""
    assert process.stdout is not None
    with process.stdout as stream, contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            answers.put(pickle.load(stream))
    answers.put(None)
