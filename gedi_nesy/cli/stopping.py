"""Ctrl-C and the clock end a training between two of its steps, and nothing is lost."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopping(limit: float | None) -> Iterator[tuple[Callable[[], bool], Callable[[], str]]]:
    """Whether to stop, and what asks for it: the first Ctrl-C, or the clock. The second Ctrl-C ends at once."""
    asked: list[str] = []
    end = time.monotonic() + limit if limit is not None else float("inf")
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, frame: object) -> None:
        asked.append("Ctrl-C")
        print("ends after this step, and writes what there is; once more ends at once", file=sys.stderr)
        signal.signal(signal.SIGINT, before)

    def stop() -> bool:
        if time.monotonic() >= end and not asked:
            asked.append("--time-limit")
        return bool(asked)

    signal.signal(signal.SIGINT, heard)
    try:
        yield stop, lambda: asked[0]
    finally:
        signal.signal(signal.SIGINT, before)
