"""How a run outlives its process: where it is saved, what it says when it goes on, and what results.json keeps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.runner.config import RunConfig
from benchmarks.runner.devices import described
from benchmarks.runner.flags import flat
from benchmarks.runner.progress import Bar
from benchmarks.runner.record import RunRecord
from benchmarks.runner.results import NOT_PART_OF_A_RUN, commit
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.loop import Outcome
from gedi_nesy.training.records import Record


def saver_of(
    config: RunConfig, folder: Path, identity: Mapping[str, Any], device: torch.device
) -> CheckpointManager:
    """What saves a run in `folder`; without --resume it begins anew, and what was saved there is deleted.

    `identity` is what makes the run another one than its siblings: its seed, its row.
    """
    free = (*NOT_PART_OF_A_RUN, *config.CHOSEN_BY)
    settings = {name: value for name, value in flat(config).items() if name not in free}
    saver = CheckpointManager(
        CheckpointConfig(
            folder=folder,
            seconds=config.save_every,
            settings=settings | dict(identity),
            about={
                "commit": commit(),
                "torch": torch.__version__,
                "threads": str(torch.get_num_threads()),
                "device": described(device),
            },
        )
    )
    if not config.resume:
        saver.remove()
    return saver


def resumer(
    saver: CheckpointManager, bar: Bar, record: RunRecord, console: Console, name: str
) -> Callable[[list[Record]], None]:
    """To be called with the history when a run goes on: moves the bar, and says what there is to say."""

    def resumed(history: list[Record]) -> None:
        bar.resumed(history)
        record.resumed(history)
        for line in sentences(saver, history):
            console.print(f"{name}: {line}", highlight=False, soft_wrap=True)

    return resumed


def sentences(saver: CheckpointManager, history: list[Record]) -> list[str]:
    """What there is to say when a run goes on: files that were passed over, where it stands, what has changed."""
    last = f"after step {history[-1].step} of {history[-1].phase}" if history else "at its beginning"
    lines = [*saver.warnings, f"goes on {last}, {saver.seconds:.0f} seconds into the run"]
    now = saver.config.about
    changed = [
        f"{name} was {before}, is {now.get(name)}"
        for name, before in saver.about.items()
        if before != now.get(name)
    ]
    if changed:
        lines.append(f"not quite the run that was saved, and numbers may differ: {'; '.join(changed)}")
    return lines


def record(saver: CheckpointManager, outcome: Outcome) -> dict[str, Any]:
    """For results.json: what saving cost, how many processes it took, every return from divergence, and the precision
    that was chosen where the flag leaves it open."""
    return {
        "precision": outcome.learner.config.precision,
        "checkpoint_seconds": saver.spent,
        "checkpoint_share": saver.overhead,
        "parts": saver.num_launches,
        "recoveries": [recovery._asdict() for recovery in outcome.recoveries],
    }


def say_recoveries(outcome: Outcome, console: Console, name: str) -> None:
    """A line for each return from divergence."""
    for each in outcome.recoveries:
        console.print(
            f"{name}: diverged in {each.phase}, step {each.step}, and went on from step {each.back_to} with new chains "
            f"and the learning rate times {0.5**each.caution:g}: {each.reason}",
            highlight=False,
            soft_wrap=True,
        )
