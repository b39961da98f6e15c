"""The folder that a benchmark writes to: what may be in it already, and that nobody else writes to it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from benchmarks.runner.results import RESULTS_FILE
from gedi_nesy.errors import ConfigError
from gedi_nesy.training import distributed
from gedi_nesy.training.durability.lock import FolderInUseError, locked

CHECKPOINTS = "checkpoints"
"""folder of a run that is not finished, in that of its seed"""


@contextmanager
def opened(out: Path | None, benchmark: str, overwrite: bool, resume: bool) -> Iterator[Path]:
    """The folder, made, checked and locked by rank 0; all ranks get it, or the ConfigError that says what is wrong."""
    with ExitStack() as stack:
        folder = message = ""
        if distributed.first():
            try:
                folder = str(stack.enter_context(_claimed(out, benchmark, overwrite, resume)))
            except ConfigError as error:
                message = str(error)
        folder, message = distributed.agreed_document([folder, message])
        if message:
            raise ConfigError(message)
        yield Path(folder)


@contextmanager
def _claimed(out: Path | None, benchmark: str, overwrite: bool, resume: bool) -> Iterator[Path]:
    if out is None and resume:
        raise ConfigError("--resume needs --out DIR, the folder of the run to go on with")
    folder = out or Path("runs") / f"{benchmark}-{datetime.now():%Y%m%d-%H%M%S}"
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder))
        except FolderInUseError as error:
            raise ConfigError(f"--out {error}") from error
        except OSError as error:
            raise ConfigError(f"--out {folder}: cannot be written to: {error.strerror}") from error
        _check(folder, overwrite, resume)
        yield folder


def _check(folder: Path, overwrite: bool, resume: bool) -> None:
    """ConfigError if the folder holds something, and nobody said what to do with it."""
    if overwrite or resume:
        return
    if (folder / RESULTS_FILE).exists():
        raise ConfigError(
            f"--out {folder} already holds {RESULTS_FILE}; choose another folder, or pass --resume or --overwrite"
        )
    if any(folder.rglob("checkpoint-*.safetensors")):
        raise ConfigError(
            f"--out {folder} holds a run that was ended; pass --resume to go on with it, or --overwrite to begin anew"
        )
