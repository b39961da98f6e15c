"""What a compilation may cost, and what it shows while it runs."""

import gc
import sys
import threading
import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import NoReturn

from gedi_nesy.logic.errors import TooLargeError


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of one compilation: wall-clock seconds, and nodes of the ground graph or of the decision
    diagram.
    """

    seconds: float = 600.0
    nodes: int = 5_000_000
    begun: float | None = None
    """`time.monotonic()` from which the seconds count; None: whatever has the budget begins its own"""

    def running(self) -> "Budget":
        """The same, its seconds counting from now, unless they do already: several steps then share them."""
        return self if self.begun is not None else replace(self, begun=time.monotonic())


DEFAULT_BUDGET = Budget()

SECONDS_OF_OBJECTS = 0.5
"""Python's search for unused objects in circles stops everything, and takes seconds where there are millions: while a
budget counts, it looks at those objects alone that are newer than this.
"""
_CYCLES = (
    "a recursion in circles costs little where few atoms separate its parts, as in a tree or a narrow grid"
)


class Watch:
    """Counts nodes against a budget; after a second it shows a line of progress if standard error is a
    terminal.

    Objects made between `__enter__` and `__exit__` that are unused but refer to each other are freed after that,
    unless they are unused soon.
    """

    def __init__(self, program: str, query: str, budget: Budget):
        self.program = program
        self.query = query
        self.budget = budget
        self.stage = "grounding"
        self.nodes = 0
        self.fraction: float | None = None
        self.started = time.monotonic() if budget.begun is None else budget.begun
        self._froze: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> "Watch":
        # Whoever has set objects aside wants them to stay there.
        self._froze = time.monotonic() if gc.get_freeze_count() == 0 else None
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._froze is not None:
            gc.unfreeze()
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def seconds(self) -> float:
        """Since the budget began to count."""
        return time.monotonic() - self.started

    def enter(self, stage: str) -> None:
        """Begin a stage, named as it appears in the progress line and in errors."""
        self.stage, self.nodes, self.fraction = stage, 0, None

    def check(self, nodes: int) -> None:
        """Record the size reached; TooLargeError if it, or the time, is beyond the budget."""
        self.nodes = nodes
        now = time.monotonic()
        if self._froze is not None and now > self._froze + SECONDS_OF_OBJECTS:
            gc.freeze()
            self._froze = now
        if nodes > self.budget.nodes:
            self.give_up(f"more than {self.budget.nodes:,} nodes")
        if self.seconds > self.budget.seconds:
            self.give_up(f"more than {self.budget.seconds:g} seconds")

    def give_up(self, limit: str) -> NoReturn:
        """End the compilation with what was reached and what to try."""
        advice = {
            "reading": "the program is long",
            "grounding": "a recursion that does not end, or a goal with too many answers, is the usual cause",
            "deciding cycles": _CYCLES,
            "breaking cycles": _CYCLES,
            "decision diagram": "let clauses exclude one another by the value of a variable, and put"
            " variables that belong together next to each other",
        }
        raise TooLargeError(
            f"{self.program}: {self.query} takes {limit} ({self.stage}: {self.nodes:,} nodes after"
            f" {self.seconds:.1f} s); {advice.get(self.stage, 'split the query')}, or raise the budget",
            self.stage,
        )

    def _show(self) -> None:
        width = 24
        shown = False
        while not self._done.wait(0.2):
            if self.seconds > 1:
                shown = True
                filled = int(width * (self.fraction if self.fraction is not None else 0))
                bar = f" [{'#' * filled}{'.' * (width - filled)}]" if self.fraction is not None else ""
                text = f"{self.query[:40]}: {self.stage}{bar} {self.nodes:,} nodes, {self.seconds:.0f} s"
                print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
