"""results.json and what stands at its head: settings, versions, commit, device; and statistics over runs."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.runner.devices import described
from gedi_nesy.errors import ConfigError
from gedi_nesy.training import distributed

RESULTS_FILE = "results.json"
PROGRAMS = "programs"
PACKAGES = (
    "torch",
    "torchvision",
    "deepproblog",
    "problog",
    "PySDD",
    "klaycircuits",
    "numpy",
    "scikit-learn",
)
NOT_PART_OF_A_RUN = (
    "seeds",
    "out",
    "overwrite",
    "resume",
    "threads",
    "save_every",
    "tensorboard",
    "workers",
    "backend",
    "scheduler",
)


PROJECT = Path(__file__).resolve().parents[2]


def portable(value: Any) -> Any:
    """A setting as results.json has it: a bundled program is named from the project's folder, wherever that is."""
    if not isinstance(value, str | Path) or Path(value).parent.name != PROGRAMS:
        return value
    path = Path(value).resolve()
    inside = path.parent == PROJECT / PROGRAMS and path.is_file()
    return path.relative_to(PROJECT).as_posix() if inside else value


def kept_results(folder: Path, config: Mapping, chosen_by: Sequence[str] = ()) -> dict[str, Any]:
    """results.json in `folder`, {} if there is none; ConfigError if its runs were made with other settings.

    Settings in `chosen_by` say which runs there are, as the seeds do.
    """
    file = folder / RESULTS_FILE
    if not file.exists():
        return {}
    try:
        document = json.loads(file.read_text())
        before, runs = document["config"], document["runs"]
        seen = {name: portable(before.get(name)) for name in before}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{file} is damaged and cannot be resumed; pass --overwrite to begin anew"
        ) from error
    now = json.loads(json.dumps(config, default=str))
    free = (*NOT_PART_OF_A_RUN, *chosen_by)
    changed = [name for name in now if name not in free and now[name] != seen.get(name)]
    if changed and runs:
        differences = ", ".join(f"{name} was {seen.get(name)}, is {now[name]}" for name in changed)
        raise ConfigError(f"--resume {folder}: other settings than before: {differences}")
    return document


def write_results(folder: Path, benchmark: str, config: Mapping, device: torch.device, body: Mapping) -> Path:
    """results.json, written whole or not at all; `body` holds runs, summary and what else a benchmark has to say."""
    document = {**about(benchmark, config, device), **body}
    target, partial = folder / RESULTS_FILE, folder / f".{RESULTS_FILE}.partial"
    try:
        partial.write_text(json.dumps(document, indent=2, default=str) + "\n")
        partial.replace(target)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        reason = f"not written: {error.strerror}; what stood there is intact, and --resume goes on"
        raise OSError(error.errno, reason, str(target)) from error
    return target


def about(benchmark: str, config: Mapping, device: torch.device) -> dict[str, Any]:
    """What was asked, of which code, on what: the head of results.json, and of every run.json."""
    return {
        "benchmark": benchmark,
        "config": config,
        "versions": {name: version(name) for name in PACKAGES} | {"python": sys.version.split()[0]},
        "commit": commit(),
        "device": described(device),
        "ranks": distributed.size(),
    }


def commit() -> str:
    """The commit of this code, `unknown` outside of git."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def summarise(runs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median, mean, standard deviation (of the sample), minimum and maximum of every metric over the runs.

    A metric that some runs lack is summed up over those that have it.
    """
    names = dict.fromkeys(name for run in runs for name in run)
    return {
        name: {
            "median": statistics.median(values),
            "mean": statistics.fmean(values),
            "std": statistics.stdev(values) if len(values) > 1 else 0.0,
            "min": min(values),
            "max": max(values),
        }
        for name in names
        if (values := [run[name] for run in runs if name in run])
    }
