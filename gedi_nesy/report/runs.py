"""Many run folders side by side: what they asked, where they differ, and what came out."""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gedi_nesy.errors import GediNesyError, one_line

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
"""What is shown of a run, in this order; of one that has none of them but its time, its first three metrics."""
NOT_SHOWN = (
    "seeds",
    "out",
    "overwrite",
    "resume",
    "threads",
    "data_root",
    "save_every",
    "tensorboard",
    "workers",
    "backend",
    "scheduler",
    "dataset",
    "methods",
    "rows",
    "tasks",
)
"""Settings that say nothing about what was asked, or stand in a column of their own."""


Field = TypeVar("Field")


class RunsError(GediNesyError, ValueError):
    """What a user can fix, in one line."""


class RunFolder(NamedTuple):
    """One row of one results.json, or one run.json of a run that has no results yet."""

    folder: str
    benchmark: str
    dataset: str
    row: str
    """which of the variants that the results compare; empty where there is one"""
    config: Mapping[str, Any]
    seeds: tuple[int, ...]
    summary: Mapping[str, Mapping[str, float]]
    """median and minimum over the seeds of every metric; one that no seed has, as without labels, is not there"""
    commit: str
    modified: float
    """seconds since 1970"""
    finished: bool
    failed: tuple[int, ...] = ()
    """seeds whose runs ended in an error"""


def read_runs(root: Path) -> tuple[list[RunFolder], list[str]]:
    """Every run below `root`, newest first, and a line for each file that cannot be read as one."""
    runs: list[RunFolder] = []
    damaged: list[str] = []
    files = sorted(root.rglob(RESULTS_FILE))
    done = [file.parent for file in files]
    # the seeds of a folder with results stand in these; the others have none yet
    files += [
        file
        for file in sorted(root.rglob(RUN_FILE))
        if not any(file.is_relative_to(place) for place in done) and not _is_of_a_command(file)
    ]
    for file in files:
        try:
            runs += _read(file, root)
        except RunsError as error:
            damaged.append(one_line(f"{file}: damaged ({error})"))
    return sorted(runs, key=lambda run: run.modified, reverse=True), damaged


def _is_of_a_command(file: Path) -> bool:
    """Whether `cluster` or `train` wrote it: what they leave has a page (`report`), and is no row of a benchmark."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and str(found.get("format", "")).startswith("gedi_nesy.")


def _read(file: Path, root: Path) -> list[RunFolder]:
    document = _document(file)
    config = _field(document, "config", dict)
    finished = file.name == RESULTS_FILE
    runs = _field(document, "runs", list) if finished else [{}]
    failures = _field({"failures": []} | document, "failures", list)
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in (*runs, *failures):
        if not isinstance(run, dict):
            raise RunsError(f"a run is {json.dumps(run)[:40]}")
        parts = [str(run[name]) for name in ("task", "method", "row") if run.get(name)]
        rows.setdefault((str(run.get("dataset", config.get("dataset", ""))), " ".join(parts)), []).append(run)
    return [
        RunFolder(
            folder=str(file.parent.relative_to(root)),
            benchmark=_field(document, "benchmark", str),
            dataset=dataset,
            row=row,
            config=config,
            seeds=_seeds(run for run in found if finished and run not in failures),
            summary=_summary([_field({"metrics": {}} | run, "metrics", dict) for run in found]),
            commit=_field(document, "commit", str),
            modified=file.stat().st_mtime,
            finished=finished,
            failed=_seeds(run for run in found if run in failures),
        )
        for (dataset, row), found in (rows or {(str(config.get("dataset", "")), ""): []}).items()
    ]


def _document(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise RunsError("not a file")
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise RunsError(error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise RunsError(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise RunsError("no results")
    return document


def _field(document: Mapping[str, Any], name: str, kind: type[Field]) -> Field:
    value = document.get(name)
    if not isinstance(value, kind):
        raise RunsError(f"{name} is {json.dumps(value)[:40]}" if name in document else f"no {name}")
    return value


def _seeds(runs: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    return tuple(sorted({_field(run, "seed", int) for run in runs}))


def _summary(metrics: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Over the seeds that have a metric as a number."""
    found: dict[str, list[float]] = {}
    for seed in metrics:
        for name, value in seed.items():
            if isinstance(value, int | float) and math.isfinite(value):
                found.setdefault(name, []).append(float(value))
    return {name: {"median": statistics.median(v), "min": min(v)} for name, v in found.items()}


def differences(runs: Sequence[RunFolder]) -> list[dict[str, Any]]:
    """For each run the settings in which the runs are not all alike."""
    names = dict.fromkeys(name for run in runs for name in run.config if name not in NOT_SHOWN)
    differing = [name for name in names if len({json.dumps(run.config.get(name)) for run in runs}) > 1]
    return [{name: run.config[name] for name in differing if name in run.config} for run in runs]


def shown_metrics(runs: Sequence[RunFolder]) -> list[str]:
    """The columns of a table of these runs."""
    present = dict.fromkeys(name for run in runs for name in run.summary)
    known = [name for name in METRICS if name in present]
    others = [name for name in present if name not in METRICS]
    return known if set(known) - {"seconds"} else others[:3] + known


def ordered(runs: Sequence[RunFolder], sort: str) -> list[RunFolder]:
    """By age (newest first), folder, or the median of a metric (highest first; runs without it last).

    RunsError if no run has such a metric.
    """
    if sort == "age":
        return sorted(runs, key=lambda run: run.modified, reverse=True)
    if sort == "folder":
        return sorted(runs, key=lambda run: (run.folder, run.dataset, run.row))
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
