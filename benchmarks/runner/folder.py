"""The folder that a benchmark writes to: where it is, and what may be in it already."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from benchmarks.runner.results import RESULTS_FILE
from gedi_nesy.training import distributed

CHECKPOINTS = "checkpoints"
"""folder of a run that is not finished, in that of its seed"""


def out_folder(out: Path | None, benchmark: str, overwrite: bool, resume: bool = False) -> Path:
    """The folder to write to; without --out a new one under runs/. ValueError if it holds results already."""
    if out is None:
        if resume:
            raise ValueError("--resume needs --out DIR, the folder of the run to go on with")
        out = Path("runs") / f"{benchmark}-{datetime.now():%Y%m%d-%H%M%S}"
    if (out / RESULTS_FILE).exists() and not (overwrite or resume):
        raise ValueError(
            f"--out {out} already holds {RESULTS_FILE}; choose another folder, or pass --resume or --overwrite"
        )
    if not (overwrite or resume) and any(out.rglob("checkpoint-*.safetensors")):
        raise ValueError(
            f"--out {out} holds a run that was ended; pass --resume to go on with it, or --overwrite to begin anew"
        )
    out.mkdir(parents=True, exist_ok=True)
    return out


def agreed_folder(find: Callable[[], Path]) -> Path:
    """What rank 0 finds, for all ranks; or the ValueError that it meets."""
    found = error = ""
    if distributed.first():
        try:
            found = str(find())
        except ValueError as met:
            error = str(met)
    found, error = distributed.agreed_document([found, error])
    if error:
        raise ValueError(error)
    return Path(found)
