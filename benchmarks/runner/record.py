"""What every seed leaves in its folder: run.json at once, history.jsonl by and by, TensorBoard's files when asked."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gedi_nesy.training import distributed
from gedi_nesy.training.durability.rollback import Recovery
from gedi_nesy.training.records import Record

RUN_FILE, HISTORY_FILE, TENSORBOARD_FOLDER = "run.json", "history.jsonl", "tensorboard"


def check_tensorboard() -> None:
    """ValueError that says what to install, if TensorBoard's writer is missing."""
    try:
        import torch.utils.tensorboard  # noqa: F401, PLC0415 - an optional package
    except ImportError as error:
        raise ValueError(
            "--tensorboard needs a package that is missing; install it with: pip install 'gedi_nesy[tensorboard]'"
        ) from error


class RunRecord:
    """Hears every step of one seed; a line of JSON each, to watch a run by, or to look into one that broke.

    `about` is what run.json says: benchmark, settings, versions, commit, device, seed. Of several ranks, the first
    writes.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], tensorboard: bool = False):
        self.file = folder / HISTORY_FILE
        self.tensorboard = folder / TENSORBOARD_FOLDER if tensorboard else None
        self.steps = 0
        self._waiting: list[str] = []
        self._writer = None
        if distributed.first():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / RUN_FILE).write_text(json.dumps(about, indent=2, default=str) + "\n")
        self.resumed([])

    def resumed(self, history: Sequence[Record]) -> None:
        """The run goes on after these steps; what a killed process wrote beyond them is left out."""
        self.steps, self._waiting = len(history), []
        self._write([_line(record) for record in history])

    def __call__(self, record: Record) -> None:
        if not distributed.first():
            return
        self._waiting.append(_line(record))
        if self.steps % 20 == 0:
            with self.file.open("a") as file:
                file.writelines(self._waiting)
            self._waiting = []
        if self.tensorboard is not None:
            # one curve a term over all steps of the run, whatever the phase
            self._writer = self._writer or _writer(self.tensorboard, self.steps)
            for name, value in record.terms.items():
                if value is not None:
                    self._writer.add_scalar(f"terms/{name}", value, self.steps)
        self.steps += 1

    def close(self, history: Sequence[Record], recoveries: Sequence[Recovery] = ()) -> None:
        """The history as the run itself has it, with a line for each return from divergence where it happened."""
        lines = [_line(record) for record in history]
        for recovery in reversed(recoveries):
            lines.insert(recovery.after, json.dumps({"recovery": recovery._asdict()}) + "\n")
        self._write(lines)
        if self._writer is not None:
            self._writer.close()

    def _write(self, lines: Sequence[str]) -> None:
        if distributed.first():
            partial = self.file.with_name(f".{HISTORY_FILE}.partial")
            partial.write_text("".join(lines))
            partial.replace(self.file)


def heard_by(*hearers: Callable[[Record], None]) -> Callable[[Record], None]:
    """Tells each step to all of them."""

    def hear(record: Record) -> None:
        for hearer in hearers:
            hearer(record)

    return hear


def _line(record: Record) -> str:
    return json.dumps({"phase": record.phase, "step": record.step, **record.terms}) + "\n"


def _writer(folder: Path, step: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an optional package

    return SummaryWriter(str(folder), purge_step=step or None)
