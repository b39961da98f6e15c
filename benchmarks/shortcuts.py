"""Do networks learn what their symbols mean, or a shortcut? python -m benchmarks.shortcuts --tasks half even_odd

Five tasks that logic alone leaves open to a known extent, in the protocol of the rsbench suite: the audit says before
training which maps of the symbols satisfy the program, and after it on which of them each run landed. Nothing is chosen
by looking at labels, so there is no validation set.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from rich.console import Console

from benchmarks import experiment, shortcuts_run, survival
from benchmarks.dataset_flags import DataRootFlag, DatasetFlag
from benchmarks.progress import bars
from benchmarks.record import RunRecord
from benchmarks.shortcut_report import as_results
from benchmarks.shortcut_tasks import ROWS, TASKS, TaskName
from benchmarks.shortcuts_table import shortcuts_table
from gedi_nesy.audit.shortcuts import Audit
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.data.images import load
from gedi_nesy.training import distributed
from gedi_nesy.training.durability import checkpoint

RowName = Literal["constraint alone", "+ entropy", "+ prior", "+ inv and prior", "all four"]


@dataclass(frozen=True, kw_only=True)
class ShortcutsConfig(experiment.RecordedConfig):
    """Which maps do networks land on, with and without the terms of GEDI?"""

    tasks: tuple[TaskName, ...] = ("half", "even_odd", "triples", "sums", "xor")
    """half, even_odd: sums of a few pairs; triples: a + b = c; sums: all sums; xor: parity of two bits"""
    rows: tuple[RowName, ...] = ("constraint alone", "+ entropy", "+ prior", "+ inv and prior", "all four")
    """which terms join the constraint"""
    labels: int = 0
    """labelled images in all, drawn from those in queries"""
    dataset: DatasetFlag = "mnist5k"
    data_root: DataRootFlag = None
    queries: int | None = None
    """training queries (default: those of rsbench, fewer on the small data sets that come with a package)"""
    iterations: int = 1000
    """steps of the refinement, after the attempts"""
    explore: int = 350
    """steps of an attempt"""
    attempts: int = 8
    """short annealed attempts at the most; the best by the training objective is refined"""
    width: int = 32
    """channels of the ConvNet's first layer (then 2 and 4 times as many)"""

    def budget(self, task: TaskName) -> shortcuts_run.Budgeted:
        """What every run of a task is given; ValueError names what does not fit."""
        large = SOURCES[self.dataset].fetch is not None
        queries = (
            self.queries
            if self.queries is not None
            else (TASKS[task].large if large else TASKS[task].small)[0]
        )
        if queries < 1:
            raise ValueError(f"--queries {queries} must be at least 1")
        if self.labels < 0:
            raise ValueError(f"--labels {self.labels} must not be negative")
        return shortcuts_run.Budgeted(
            queries=queries,
            labels=self.labels,
            explore=self.explore,
            refine=self.iterations,
            attempts=self.attempts,
            width=self.width,
        )


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
    finished = experiment.finished_runs(folder, asdict(config)) if config.resume else []
    console = experiment.console()
    runs = [shortcuts_run.Run(**run) for run in finished]
    audits: dict[str, tuple[Audit | None, str]] = {}
    for task in config.tasks:
        audits[task] = shortcuts_run.audited(TASKS[task])
        console.print(f"{task}: {audits[task][1]}", highlight=False, soft_wrap=True)
    _train(config, dataset, device, folder, audits, runs, console)
    if distributed.first():
        console.print(shortcuts_table(_summaries(config, runs), _maps(runs), _title(config)))
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
                checkpoint.remove(place / experiment.CHECKPOINTS)
                continue
            place.mkdir(parents=True, exist_ok=True)
            identity = {"task": task, "row": row, "seed": seed}
            about = experiment.about("shortcuts", asdict(config), device) | identity
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
                survival.saver_of(config, place / experiment.CHECKPOINTS, identity, device),
                RunRecord(place, about, config.tensorboard),
                progress,
                console,
            )
            if run is None:
                continue
            runs.append(run)
            sentence = run.learned.get("sentence", "no audit")
            console.print(f"{task}, {row}, seed {seed}: {sentence}", highlight=False, soft_wrap=True)
            _write(config, device, folder, audits, runs)
            checkpoint.remove(place / experiment.CHECKPOINTS)


def _write(
    config: ShortcutsConfig,
    device: torch.device,
    folder: Path,
    audits: dict[str, tuple[Audit | None, str]],
    runs: list[shortcuts_run.Run],
) -> None:
    """After every run; `summary` is that of the first task's last row."""
    summaries = _summaries(config, runs)
    body = {
        "audits": {name: as_results(*found) for name, found in audits.items()},
        "runs": [asdict(run) for run in runs],
        "summary": list(summaries[config.tasks[0]].values())[-1],
        "rows": summaries,
    }
    experiment.write_results(folder, "shortcuts", asdict(config), device, body)


def _summaries(config: ShortcutsConfig, runs: list[shortcuts_run.Run]) -> dict[str, dict[str, dict]]:
    """By task and row, the statistics of every metric over the seeds."""
    return {
        task: {
            row: experiment.summarise([run.metrics for run in runs if (run.task, run.row) == (task, row)])
            for row in ROWS
            if any((run.task, run.row) == (task, row) for run in runs)
        }
        for task in config.tasks
    }


def _maps(runs: list[shortcuts_run.Run]) -> dict[tuple[str, str], str]:
    """By task and row, on which maps the seeds landed: `9 identity, 1 no map`."""
    landed: dict[tuple[str, str], Counter[str]] = {}
    for run in runs:
        landed.setdefault((run.task, run.row), Counter())[_name(run.learned)] += 1
    return {
        place: ", ".join(f"{count} {name}" for name, count in counts.most_common())
        for place, counts in landed.items()
    }


def _name(learned: dict) -> str:
    if not learned:
        return "not audited"
    if all(symbol == output for symbols in learned["map"].values() for symbol, output in symbols.items()):
        return "identity"
    if learned["broken"]:
        return "no map"
    return f"map {learned['number']}" if learned["number"] else "other map"


def _title(config: ShortcutsConfig) -> str:
    seeds = f"{len(config.seeds)} seed" + ("s" if len(config.seeds) > 1 else "")
    labels = f"{config.labels} labelled in all" if config.labels else "no labels"
    return f"Shortcuts, {config.dataset}, {labels}, {seeds}: medians on unseen images"


def cli() -> None:
    experiment.run_cli(ShortcutsConfig, main, "shortcuts")


if __name__ == "__main__":
    cli()
