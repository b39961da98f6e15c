"""How far training is: a bar where there is a terminal and rich is installed, in a notebook a line that is written
over, else a line for every tenth."""

import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from gedi_nesy.extras import needs


class OnProgress(Protocol):
    """To be called with the steps done, and the terms in words; and with how many there will be, if that changed."""

    def __call__(self, step: int, terms: str, total: int | None = None, /) -> None: ...


@contextmanager
def progress(total: int) -> Iterator[OnProgress]:
    """Within, what it gives shows progress on standard error."""
    if sys.stderr.isatty() and importlib.util.find_spec("rich") is not None:
        with _bar(total) as report:
            yield report
    elif "ipykernel" in sys.modules:
        yield _overwritten(total)
        print(file=sys.stderr)
    else:
        yield _lines(total)


@contextmanager
def _bar(total: int) -> Iterator[OnProgress]:
    with needs("report"):
        from rich.console import Console  # noqa: PLC0415 - not always there
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda step, terms, total=None: bar.update(task, completed=step, description=terms, total=total)


class _Clock:
    """Seconds left, from those that the steps so far took."""

    def __init__(self) -> None:
        self.begun, self.first = time.perf_counter(), -1

    def left(self, step: int, total: int) -> float:
        if self.first < 0:
            self.first = step - 1
        return (time.perf_counter() - self.begun) / max(step - self.first, 1) * max(total - step, 0)


def _overwritten(whole: int) -> OnProgress:
    clock, longest = _Clock(), 0

    def report(step: int, terms: str, total: int | None = None) -> None:
        nonlocal whole, longest
        whole = whole if total is None else total
        line = f"step {step:,} of {whole:,}  {terms}  {clock.left(step, whole):.0f} s left"
        longest = max(longest, len(line))
        print(f"\r{line:<{longest}}", end="", file=sys.stderr, flush=True)

    return report


def _lines(whole: int) -> OnProgress:
    clock, said = _Clock(), -1

    def report(step: int, terms: str, total: int | None = None) -> None:
        nonlocal whole, said
        whole = whole if total is None else total
        left = clock.left(step, whole)
        if 10 * step // whole != said:
            said = 10 * step // whole
            print(f"step {step:,} of {whole:,}  {terms}  {left:.0f} s left", file=sys.stderr, flush=True)

    return report
