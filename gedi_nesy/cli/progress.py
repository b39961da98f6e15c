"""How far training is: a bar where there is a terminal and rich is installed, else a line for every tenth."""

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
        yield lambda step, terms, now=None: bar.update(task, completed=step, description=terms, total=now)


def _lines(total: int) -> OnProgress:
    begun, said, first = time.perf_counter(), -1, 0

    def report(step: int, terms: str, now: int | None = None) -> None:
        nonlocal said, first, total
        total = now or total
        if said < 0:
            first = step - 1
        if 10 * step // total != said:
            said = 10 * step // total
            left = (time.perf_counter() - begun) / (step - first) * (total - step)
            print(f"step {step:,} of {total:,}  {terms}  {left:.0f} s left", file=sys.stderr, flush=True)

    return report
