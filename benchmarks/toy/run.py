"""Moons and circles, the paper's Table 2.

Nobody tells the learner which points belong together. Rows: an energy alone (JEM), SwAV, GEDI without one of its terms,
GEDI, and scikit-learn's clusterings. Labels are used to report, on unseen points, and for nothing else. Instead of the
table, the heat maps of its weights can be asked for, or what many seeds cost beside one.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.runner.benchmark import Benchmark, Failed, Job, Place, Run
from benchmarks.toy import report, rows, sensitivity, vectorized_time
from benchmarks.toy.config import ToyConfig


def jobs(config: ToyConfig) -> Sequence[Job]:
    """ValueError names what does not fit."""
    config.check()
    if config.time_stacking:
        return vectorized_time.jobs(config)
    return sensitivity.jobs(config) if config.sensitivity else rows.jobs(config)


def run_one(config: ToyConfig, job: Job, place: Place) -> Iterable[Run | Failed]:
    """All seeds of a row, vectorised; or a part of the heat maps; or times."""
    if config.time_stacking:
        return vectorized_time.run_one(config, job, place)
    return sensitivity.run_one(config, job, place) if config.sensitivity else rows.run_one(config, job, place)


def body(config: ToyConfig, runs: Sequence[Run]) -> Mapping[str, Any]:
    """`summary` by data set and method."""
    table = not (config.time_stacking or config.sensitivity)
    return {"summary": report.summary(runs)} if table else {}


def closing(config: ToyConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The table and its pictures, the heat maps, or a sentence on times."""
    if config.time_stacking:
        vectorized_time.report(config, runs, console)
    elif config.sensitivity:
        sensitivity.report(config, runs, console, folder)
    else:
        report.report(config, runs, console, folder)


BENCHMARK = Benchmark(
    name="toy", config=ToyConfig, jobs=jobs, run_one=run_one, body=body, report=closing, width=130
)
