"""The top of every command line: what goes wrong becomes one line on standard error and an exit code.

What a user can fix is told as it is. Whatever else is raised is a fault of ours: it is called so, and its traceback
is kept in a file. With GEDI_NESY_TRACEBACK=1 nothing is caught.
"""

import dis
import errno
import os
import platform
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from types import FrameType, TracebackType

from gedi_nesy import __version__
from gedi_nesy.errors import GediNesyError, StoppedError, one_line

FAILED, USAGE, INTERNAL, INTERRUPTED, CLOSED_PIPE = 1, 2, 70, 130, 141
"""Exit codes: an input that cannot be used, a wrong command line, a fault of ours (sysexits' EX_SOFTWARE), Ctrl-C, and
a reader of the output that has gone (128 + SIGPIPE)."""

OURS = ("gedi_nesy", "benchmarks")
RAISE = dis.opmap["RAISE_VARARGS"]


class _TerminatedError(BaseException):
    """SIGTERM; no `except Exception` on the way keeps it."""


def run(command: Callable[[], int | None], failed: int = FAILED) -> int:
    """Run a command to its end, its output written; returns its exit code, `failed` where a user can fix it."""
    try:
        with reporting(failed):
            return command() or 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return failed
        return ended.code or 0


@contextmanager
def reporting(failed: int = FAILED) -> Iterator[None]:
    """Within, an error is reported in one line and becomes SystemExit; SIGTERM lets `finally` clauses run first."""
    before = _terminate_politely()
    try:
        yield
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, _TerminatedError) as error:
        if os.environ.get("GEDI_NESY_TRACEBACK") and not isinstance(error, BrokenPipeError):
            raise
        raise SystemExit(report(error, failed)) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def report(error: BaseException, failed: int = FAILED) -> int:
    """Print the line of an error to standard error, and return the exit code that goes with it."""
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return CLOSED_PIPE
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        _drop_output()  # what is buffered for standard output may be what did not fit
    line, code = _line_and_code(error, failed)
    with suppress(OSError):
        print(_rank() + line, file=sys.stderr)
    return code


def _line_and_code(error: BaseException, failed: int) -> tuple[str, int]:
    match error:
        case KeyboardInterrupt():
            return "stopped", INTERRUPTED
        case _TerminatedError():
            return "stopped by SIGTERM", 128 + signal.SIGTERM
        case StoppedError():
            return f"{error}; pass --resume to go on", 128 + error.signal
    said = _what_a_user_can_fix(error)
    return (f"error: {said}", failed) if said is not None else (_internal(error), INTERNAL)


def _what_a_user_can_fix(error: BaseException) -> str | None:
    """One line; None for a fault of ours."""
    said = None
    match error:
        case GediNesyError():
            said = str(error)
        case MemoryError():
            said = "out of memory; make batches, images or the program smaller"
        case RuntimeError() if _is_out_of_memory(error):
            said = f"out of memory; make batches or images smaller ({str(error)[:200]})"
        case RuntimeError() if "No working C++ compiler" in str(error):
            said = "torch.compile (--compile) needs a C++ compiler, and found none: install g++, or leave the flag out"
        case UnicodeDecodeError():
            said = f"a file is not UTF-8 text (byte {error.start}: {error.reason})"
        case OSError():
            reason = error.strerror or str(error) or type(error).__name__
            said = f"{error.filename}: {reason}" if error.filename is not None else reason
        case ModuleNotFoundError() if (error.name or "").split(".")[0] not in ("", *OURS):
            said = f"this needs a package that is not installed: {str(error.name).split('.')[0]}"
        case ValueError() if raised_by_us(error.__traceback__):
            said = str(error)
    return None if said is None else one_line(said)


def raised_by_us(trace: TracebackType | None) -> bool:
    """Whether an error comes from a `raise` of this project: a check of arguments, and no accident in a library."""
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    package = trace.tb_frame.f_globals.get("__name__", "").split(".")[0]
    code = trace.tb_frame.f_code.co_code
    return package in (*OURS, "__main__") and code[trace.tb_lasti] == RAISE


def _is_out_of_memory(error: BaseException) -> bool:
    """Torch has a kind of its own for it on accelerators, and a mere RuntimeError on CPUs."""
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)


def _internal(error: BaseException) -> str:
    summary = one_line(f"{type(error).__name__}: {error}")[:200]
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gedi_nesy-error-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
        ) as file:
            file.write(f"command: {sys.argv}\n{versions()}\n\n{text}")
    except OSError as full:
        return f"{text}internal error: {summary}; the traceback stands above, for no file took it ({full.strerror})"
    return (
        f"internal error: {summary}; this is a fault of gedi_nesy and not of your input: please report it, with"
        f" {file.name}, which holds the traceback"
    )


def versions() -> dict[str, str]:
    """Versions of the project, of what it stands on, and of the system."""
    found = {"gedi_nesy": __version__, "python": platform.python_version(), "system": platform.platform()}
    for package in ("torch", "numpy", "safetensors", "problog", "deepproblog", "PySDD", "klaycircuits"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _rank() -> str:
    """Which of several ranks speaks, as torchrun numbers them."""
    rank = os.environ.get("RANK", "0")
    return f"rank {rank}: " if rank != "0" and os.environ.get("WORLD_SIZE", "1") != "1" else ""


def _drop_output() -> None:
    """Whatever is still buffered goes nowhere, so that Python does not stumble over it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _terminate_politely() -> Callable[[int, FrameType | None], object] | int | None:
    """Have SIGTERM raise; returns what it did before, None where signals are not ours to set."""
    if threading.current_thread() is not threading.main_thread():
        return None
    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_DFL:
        return None

    def terminated(number: int, frame: FrameType | None) -> None:
        raise _TerminatedError

    signal.signal(signal.SIGTERM, terminated)
    return before
