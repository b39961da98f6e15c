"""python -m benchmarks.shortcuts"""

from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.runner import fault_tolerance
from benchmarks.runner.command_line import console as new_console
from benchmarks.runner.command_line import run_cli
from benchmarks.runner.folder import CHECKPOINTS
from benchmarks.runner.progress import bars
from benchmarks.runner.record import RunRecord
from benchmarks.runner.results import about as head
from benchmarks.runner.results import finished_runs
from benchmarks.shortcuts import run as shortcuts_run
from benchmarks.shortcuts.config import RowName, ShortcutsConfig
from benchmarks.shortcuts.report import maps, shortcuts_table, summaries, title, write
from benchmarks.shortcuts.tasks import TASKS, TaskName
from gedi_nesy.audit.shortcuts import Audit
from gedi_nesy.data.images import Dataset, load
from gedi_nesy.training import distributed
from gedi_nesy.training.durability import checkpoint


def main(config: ShortcutsConfig) -> None:
    """Check everything that can be wrong; audit, train, report and write."""
    device = config.prepare(ranks=True)
    for name in ("tasks", "rows"):
        if not getattr(config, name):
            raise ValueError(f"--{name}: at least one is needed")
    for task in config.tasks:
        for row in config.rows:
            shortcuts_run.settings(row, config.budget(task))
    dataset = load(config.dataset, config.data_root)
    folder = config.folder("shortcuts")
    finished = finished_runs(folder, asdict(config)) if config.resume else []
    console = new_console()
    runs = [shortcuts_run.Run(**run) for run in finished]
    audits: dict[str, tuple[Audit | None, str]] = {}
    for task in config.tasks:
        audits[task] = shortcuts_run.audited(TASKS[task])
        console.print(f"{task}: {audits[task][1]}", highlight=False, soft_wrap=True)
    _train(config, dataset, device, folder, audits, runs, console)
    if distributed.first():
        console.print(shortcuts_table(summaries(config, runs), maps(runs), title(config)))
        console.print(f"results, pictures and models: {folder}", highlight=False)


def _train(
    config: ShortcutsConfig,
    dataset: Dataset,
    device: torch.device,
    folder: Path,
    audits: dict[str, tuple[Audit | None, str]],
    runs: list[shortcuts_run.Run],
    console: Console,
) -> None:
    """Every run that is missing, and results.json after each of them."""
    done = {(run.task, run.row, run.seed) for run in runs}
    plan: list[tuple[TaskName, RowName, int]] = [
        (task, row, seed) for task in config.tasks for row in config.rows for seed in config.seeds
    ]
    with bars(console) as progress:
        for task, row, seed in plan:
            place = folder / task / row.replace(" ", "-").replace("+-", "") / f"seed-{seed}"
            if (task, row, seed) in done:
                checkpoint.remove(place / CHECKPOINTS)
                continue
            place.mkdir(parents=True, exist_ok=True)
            identity = {"task": task, "row": row, "seed": seed}
            about = head("shortcuts", asdict(config), device) | identity
            run = shortcuts_run.run(
                task,
                row,
                seed,
                TASKS[task],
                audits[task][0],
                dataset,
                config.budget(task),
                device,
                place,
                fault_tolerance.saver_of(config, place / CHECKPOINTS, identity, device),
                RunRecord(place, about, config.tensorboard),
                progress,
                console,
            )
            if run is None:
                continue
            runs.append(run)
            sentence = run.learned.get("sentence", "no audit")
            console.print(f"{task}, {row}, seed {seed}: {sentence}", highlight=False, soft_wrap=True)
            write(config, device, folder, audits, runs)
            checkpoint.remove(place / CHECKPOINTS)


def cli() -> None:
    run_cli(ShortcutsConfig, main, "shortcuts")


if __name__ == "__main__":
    cli()
