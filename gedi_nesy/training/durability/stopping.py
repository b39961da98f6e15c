"""Ending a run early with what there is: by Ctrl-C, or when its time is up."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CTRL_C, TIME_LIMIT = "Ctrl-C", "--time-limit"
"""What may have asked for it."""


class Stop:
    """Asked between two steps: whether to end. `reason` is what asks for it, None as long as nothing does."""

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.end = clock() + seconds if seconds is not None else float("inf")
        self.reason: str | None = None

    def __call__(self) -> bool:
        if self.reason is None and self.clock() >= self.end:
            self.reason = TIME_LIMIT
        return self.reason is not None

    @property
    def seconds_left(self) -> float:
        """Infinite without a limit."""
        return self.end - self.clock()


@contextmanager
def stopping(seconds: float | None = None) -> Iterator[Stop]:
    """Within, the first Ctrl-C and the clock ask to end, after this many seconds; the second Ctrl-C ends at once.

    Only the main thread hears signals; in another one the clock alone asks.
    """
    stop = Stop(seconds)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.getsignal(signal.SIGINT)

    def heard(number: int, frame: object) -> None:
        stop.reason = CTRL_C
        print("ends after this step, and keeps what there is; once more ends at once", file=sys.stderr)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, heard)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
