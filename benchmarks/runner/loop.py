"""The only loop over rows, data sets and seeds: what is missing is run, and results.json is written after every run."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from benchmarks.runner import workers
from benchmarks.runner.benchmark import Benchmark, Config, Failed, Identity, Job, Run
from benchmarks.runner.config import PlaceConfig, RunConfig
from benchmarks.runner.flags import flat
from benchmarks.runner.folder import opened
from benchmarks.runner.progress import Lines
from benchmarks.runner.results import RESULTS_FILE, kept_results, write_results
from benchmarks.runner.workers import Done
from gedi_nesy.errors import GediNesyError
from gedi_nesy.report.tables import plain_table
from gedi_nesy.training import distributed
from gedi_nesy.training.durability import checkpoint


class FailedRunsError(GediNesyError, RuntimeError):
    """Some runs failed; the others are done, and stand in results.json."""


class Results:
    """All runs and failures so far, and results.json that always holds them."""

    def __init__(self, benchmark: Benchmark, config: PlaceConfig, jobs: Sequence[Job], folder: Path):
        self.benchmark, self.config, self.folder = benchmark, config, folder
        self.order = [_key(identity) for job in jobs for identity in job.runs]
        resumed = getattr(config, "resume", False)
        before = kept_results(folder, flat(config), config.CHOSEN_BY) if resumed else {}
        self.finished: list[Run] = before.get("runs", [])
        self.new: dict[str, Run] = {}
        self.failures: list[dict[str, Any]] = [
            failure for failure in before.get("failures", []) if _key(failure, "reason") not in self.order
        ]

    @property
    def runs(self) -> list[Run]:
        """Those of an earlier process, then the new ones in the order of the jobs, whatever the order they ended in."""
        return [*self.finished, *(self.new[key] for key in self.order if key in self.new)]

    def missing(self, job: Job) -> tuple[Identity, ...]:
        """The runs of a job that are not there yet."""
        return tuple(identity for identity in job.runs if not any(_is(run, identity) for run in self.runs))

    def add(self, done: Done, device: torch.device) -> None:
        """After every run, so that a long job that is stopped has lost nothing."""
        if done.failure is not None:
            self.failures += [{**identity, "reason": done.failure} for identity in done.job.runs]
        for identity, run in zip(done.job.runs, done.runs, strict=done.failure is None):
            if isinstance(run, Failed):
                self.failures.append({**identity, "reason": run.reason})
            else:
                self.new[_key(identity)] = run
        body = {"runs": self.runs, **(self.benchmark.body(self.config, self.runs) if self.runs else {})}
        if self.failures:
            body["failures"] = self.failures
        write_results(self.folder, self.benchmark.name, flat(self.config), device, {"summary": {}, **body})


def _key(identity: Identity, *without: str) -> str:
    return json.dumps({name: value for name, value in identity.items() if name not in without}, default=str)


def _is(run: Run, identity: Identity) -> bool:
    return all(run.get(name) == value for name, value in identity.items())


def run(benchmark: Benchmark[Config], config: Config) -> None:
    """Check, run what is missing, report.

    FailedRunsError at the end if a run failed; what strikes all runs, such as a full disk, is raised at once.
    """
    device = config.prepare(benchmark.ranks)
    if benchmark.timed and isinstance(config, RunConfig) and config.workers > 1:
        raise ValueError(f"--workers {config.workers}: {benchmark.name} times its runs, one after the other")
    jobs = benchmark.jobs(config)
    console = Lines(quiet=not distributed.first())
    if not console.is_terminal and benchmark.width:
        console.width = benchmark.width
    resume = getattr(config, "resume", False)
    with ExitStack() as stack:
        folder = stack.enter_context(opened(config.out, benchmark.name, config.overwrite, resume))
        results = Results(benchmark, config, jobs, folder)
        for line in benchmark.preface(config):
            console.print(line, highlight=False, soft_wrap=True, markup=False)
        for done in workers.all_done(
            benchmark, config, _pending(jobs, results, folder), device, folder, console
        ):
            if distributed.first():
                if done.failure is not None:
                    console.print(f"{done.job.name}: failed: {done.failure}", highlight=False, soft_wrap=True)
                results.add(done, device)
            if done.failure is None:
                _forget(folder, done.job)
        if distributed.first():
            _report(benchmark, config, results, console)


def _pending(jobs: Sequence[Job], results: Results, folder: Path) -> Iterator[Job]:
    """The jobs of which a run is missing, as jobs of those alone."""
    for job in jobs:
        # rank 0 has read results.json, and all are to agree
        missing = distributed.agreed_document([dict(identity) for identity in results.missing(job)])
        if missing:
            yield workers.of_these(job, missing)
        else:
            _forget(folder, job)


def _forget(folder: Path, job: Job) -> None:
    """Its runs stand in results.json: the checkpoints are not needed any more."""
    if distributed.first():
        for place in {file.parent for file in (folder / job.folder).rglob("*checkpoint-*")}:
            checkpoint.remove(place)
            with suppress(OSError):
                os.removedirs(place.parent)  # as far up as nothing else is in them
        with suppress(OSError):
            os.removedirs(folder / job.folder)


def _report(benchmark: Benchmark[Config], config: Config, results: Results, console: Console) -> None:
    if results.runs:
        benchmark.report(config, results.runs, console, results.folder)
    if results.failures:
        table = plain_table("failed")
        table.add_column("run", overflow="fold")
        table.add_column("reason", overflow="fold")
        for failure in results.failures:
            name = ", ".join(f"{key} {value}" for key, value in failure.items() if key != "reason")
            table.add_row(name, failure["reason"])
        console.print(table)
    console.print(f"results, pictures and models: {results.folder}", highlight=False, soft_wrap=True)
    if results.failures:
        first = results.failures[0]["reason"]
        raise FailedRunsError(
            f"{len(results.failures)} of {len(results.failures) + len(results.runs)} runs failed, the others stand in"
            f" {results.folder / RESULTS_FILE}; the first: {first}"
        )
