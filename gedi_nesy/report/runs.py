"""Many run folders side by side: what they asked, where they differ, and what came out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gedi_nesy.errors import GediNesyError

RESULTS_FILE, RUN_FILE = "results.json", "run.json"
METRICS = (
    "accuracy",
    "concept_accuracy",
    "clustering_accuracy",
    "nmi",
    "label_accuracy",
    "ood_auroc",
    "seconds",
)
"""What is shown of a run, in this order; of a benchmark that has none of them, its first three metrics."""
NOT_SHOWN = (
    "seeds",
    "out",
    "overwrite",
    "resume",
    "threads",
    "data_root",
    "save_every",
    "tensorboard",
    "dataset",
)
"""Settings that say nothing about what was asked, or stand in a column of their own."""


class RunsError(GediNesyError, ValueError):
    """What a user can mend, in one line."""


class RunFolder(NamedTuple):
    """One results.json, or one run.json of a run that has no results yet."""

    folder: str
    benchmark: str
    dataset: str
    config: Mapping[str, Any]
    seeds: tuple[int, ...]
    summary: Mapping[str, Mapping[str, float]]
    commit: str
    modified: float
    """seconds since 1970"""
    finished: bool


def read_runs(root: Path) -> tuple[list[RunFolder], list[str]]:
    """Every run below `root`, newest first, and a line for each file that cannot be read as one."""
    runs: list[RunFolder] = []
    damaged: list[str] = []
    files = sorted(root.rglob(RESULTS_FILE))
    done = [file.parent for file in files]
    # the seeds of a folder with results stand in these; the others have none yet
    files += [
        file for file in sorted(root.rglob(RUN_FILE)) if not any(file.is_relative_to(place) for place in done)
    ]
    for file in files:
        try:
            runs.append(_read(file, root))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
            damaged.append(f"{file}: damaged ({' '.join(reason.split())})")
    return sorted(runs, key=lambda run: run.modified, reverse=True), damaged


def _read(file: Path, root: Path) -> RunFolder:
    document = json.loads(file.read_text())
    config = document["config"]
    finished = file.name == RESULTS_FILE
    runs = document["runs"] if finished else []
    summary = {
        name: {key: float(found[key]) for key in ("median", "min")}
        for name, found in (document["summary"] if finished else {}).items()
    }
    return RunFolder(
        folder=str(file.parent.relative_to(root)),
        benchmark=str(document["benchmark"]),
        dataset=str(config.get("dataset", "")),
        config=config,
        seeds=tuple(sorted({int(run["seed"]) for run in runs})),
        summary=summary,
        commit=str(document["commit"]),
        modified=file.stat().st_mtime,
        finished=finished,
    )


def differences(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """For each run the settings in which the runs are not all alike."""
    names = dict.fromkeys(name for run in runs for name in run.config if name not in NOT_SHOWN)
    differing = [name for name in names if len({json.dumps(run.config.get(name)) for run in runs}) > 1]
    return [{name: run.config[name] for name in differing if name in run.config} for run in runs]


def shown_metrics(runs: Sequence[RunFolder]) -> list[str]:
    """The columns of a table of these runs."""
    present = dict.fromkeys(name for run in runs for name in run.summary)
    return [name for name in METRICS if name in present] or list(present)[:3]


def ordered(runs: Sequence[RunFolder], sort: str) -> list[RunFolder]:
    """By age (newest first), folder, or the median of a metric (highest first; runs without it last).

    RunsError if no run has such a metric.
    """
    if sort == "age":
        return sorted(runs, key=lambda run: run.modified, reverse=True)
    if sort == "folder":
        return sorted(runs, key=lambda run: run.folder)
    if not any(sort in run.summary for run in runs):
        known = ", ".join(dict.fromkeys(name for run in runs for name in run.summary)) or "none"
        raise RunsError(f"--sort {sort}: neither age nor folder nor a metric of these runs ({known})")
    last = float("-inf")
    return sorted(runs, key=lambda run: run.summary.get(sort, {"median": last})["median"], reverse=True)


def as_json(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """One object a run, with all its settings and the ones that tell it from the others of its benchmark."""
    told_apart = {
        id(run): found
        for group in by_benchmark(runs)
        for run, found in zip(group, differences(group), strict=True)
    }
    return [run._asdict() | {"differs": told_apart[id(run)]} for run in runs]


def by_benchmark(runs: Sequence[RunFolder]) -> list[list[RunFolder]]:
    """The runs in groups, in the order in which their benchmarks come."""
    groups: dict[str, list[RunFolder]] = {}
    for run in runs:
        groups.setdefault(run.benchmark, []).append(run)
    return list(groups.values())
