"""When a run is saved: now and then, never so often that it costs much, and before it obeys a signal to end."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gedi_nesy.errors import ConfigError, StoppedError
from gedi_nesy.training import distributed
from gedi_nesy.training.durability import checkpoint
from gedi_nesy.training.durability.checkpoint import CheckpointError, Tree


@dataclass(frozen=True, kw_only=True)
class CheckpointConfig:
    """Where checkpoints go, and how often."""

    folder: Path
    seconds: float = 30.0
    """between two checkpoints, at the least; 0: one after every step, whatever that costs"""
    max_overhead: float = 0.01
    """share of the run's time that saving may take: where a checkpoint costs more, fewer are made"""
    keep: int = 3
    """how many are kept"""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """what a run must share to go on from a checkpoint"""
    about: Mapping[str, str] = field(default_factory=dict)
    """what is merely worth knowing: versions, commit"""

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < float("inf"):
            raise ConfigError(f"seconds={self.seconds} between checkpoints must be finite and not negative")
        if not 0 < self.max_overhead < 1:
            raise ConfigError(f"max_overhead={self.max_overhead} must be between 0 and 1")
        if self.keep < 1:
            raise ConfigError(f"keep={self.keep} must be at least 1")


class CheckpointManager:
    """Saves what `state()` returns when it is time, and counts the seconds of the run over all its launches."""

    def __init__(self, config: CheckpointConfig, clock: Callable[[], float] = time.perf_counter):
        self.config, self.clock = config, clock
        self.num_launches = 1
        """how many processes the run has had, this one included"""
        self.spent = 0.0
        """seconds in which the run did nothing but save"""
        self.warnings: list[str] = []
        """a line for each checkpoint that could not be read"""
        self.about: dict[str, str] = {}
        """what was worth knowing of the process that made the checkpoint"""
        self._before = 0.0
        self._begun = self._last = clock()
        self._cost = 0.0
        self._signal: int | None = None

    @property
    def seconds(self) -> float:
        """How long the run took so far; what a killed process did after its last checkpoint does not count."""
        return self._before + self.clock() - self._begun

    @property
    def overhead(self) -> float:
        """Of the seconds of the run, the share that saving took."""
        return self.spent / self.seconds if self.seconds > 0 else 0.0

    def numbered(self, number: int) -> "CheckpointManager":
        """That of another run with the same settings, in a folder within this one's; itself for number 0."""
        if number == 0:
            return self
        return self.within(f"run-{number + 1}", number=number)

    def within(self, name: str, **settings: Any) -> "CheckpointManager":
        """That of a part of the run, or of another one, in a folder within this one's: `run-` and something."""
        assert name.startswith("run-"), "what `remove` looks for"
        return CheckpointManager(
            replace(
                self.config,
                folder=self.config.folder / name,
                settings={**self.config.settings, **settings},
            ),
            self.clock,
        )

    def go_on_from(self, part: "CheckpointManager") -> None:
        """Count what a part of the run took in earlier processes; a checkpoint made after it has that already."""
        self._before += part._before

    def load(self) -> Tree | None:
        """What was saved last, None if nothing was; ValueError if it was saved under other settings."""
        found = checkpoint.load_latest(self.config.folder, self.config.settings)
        self.warnings, self.about = found.warnings, found.about
        if found.state is None:
            return None
        state = _checked(found.state, self.config.folder)
        self._before, self.spent = state["seconds"], state["spent"]
        self.num_launches = state["parts"] + 1
        self._begun = self._last = self.clock()
        return state["run"]

    def step(self, state: Callable[[], Tree], milestone: bool = False) -> None:
        """To be called after each step: saves if it is time, or if this is a milestone and saving is cheap.

        StoppedError if a signal came; the run is saved then.
        """
        rest = 0.0 if self.config.seconds == 0 else self._cost / self.config.max_overhead
        due = self.clock() - self._last >= (rest if milestone else max(rest, self.config.seconds))
        # rank 0 watches the clock; a signal may reach the ranks at different steps
        decided = distributed.largest(self._signal or (-1 if due and distributed.first() else -2))
        if decided > -2:
            self.save(state)
        if decided > 0:
            self._signal = None
            raise StoppedError(decided, self.config.folder)

    def save(self, state: Callable[[], Tree]) -> None:
        """Save now. CheckpointError if that cannot be done."""
        begun, config = self.clock(), self.config
        # what this very save takes is known only afterwards: what the last one took stands for it
        spent = self.spent + self._cost
        tree = {"seconds": self.seconds, "spent": spent, "parts": self.num_launches, "run": state()}
        if distributed.first():
            checkpoint.save(config.folder, tree, config.settings, config.about, config.keep)
        self._last = self.clock()
        self._cost = self._last - begun
        self.spent += self._cost

    def remove(self) -> None:
        """The run is over and its results are written: delete the checkpoints."""
        if distributed.first():
            for folder in (*self.config.folder.glob("run-*"), self.config.folder):
                checkpoint.remove(folder)
        distributed.largest(0)  # none goes on, and looks for checkpoints, before they are gone

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Within, SIGTERM and SIGINT end the run at its next `step`; a second SIGINT ends it at once.

        One that came after the last step is heard once the run is over, as if nobody had caught it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield  # Python hands signals to the main thread alone
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def heard(number: int, frame: object) -> None:
            self._signal = number
            signal.signal(signal.SIGINT, before[signal.SIGINT])

        self._signal = None
        for number in before:
            signal.signal(number, heard)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self._signal is not None:
                signal.raise_signal(self._signal)


def _checked(state: Tree, folder: Path) -> dict[str, Any]:
    """The state, if a manager saved it. CheckpointError if a checkpoint of something else lies there."""
    numbers = ("seconds", "spent", "parts")
    is_run = isinstance(state, dict) and state.keys() == {*numbers, "run"}
    if is_run and all(isinstance(state[name], int | float) and state[name] >= 0 for name in numbers):
        return state
    raise CheckpointError(f"{folder} holds a checkpoint of something else than a run")
