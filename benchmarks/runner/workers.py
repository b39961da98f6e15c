"""Jobs one after the other in this process, or side by side in others, by joblib."""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from rich.console import Console

from benchmarks.runner.benchmark import Benchmark, Config, Failed, Identity, Job, Place, Run
from benchmarks.runner.config import RunConfig
from benchmarks.runner.devices import of_worker
from benchmarks.runner.progress import Lines, bars
from gedi_nesy.cli.top_level import raised_by_us
from gedi_nesy.errors import ConfigError, GediNesyError, StoppedError
from gedi_nesy.extras import needs
from gedi_nesy.training import distributed


@dataclass(frozen=True)
class Done:
    """A job that is over: its runs, or why it failed as a whole."""

    job: Job
    runs: tuple[Run | Failed, ...] = ()
    failure: str | None = None


def of_these(job: Job, runs: Sequence[Identity]) -> Job:
    """The job, for these of its runs alone."""
    return replace(job, runs=tuple(runs))


def all_done(
    benchmark: Benchmark[Config],
    config: Config,
    jobs: Iterable[Job],
    device: torch.device,
    folder: Path,
    console: Console,
) -> Iterator[Done]:
    """Each job as it ends: in their order in one process, in any order with --workers."""
    if isinstance(config, RunConfig) and (config.workers > 1 or config.backend == "dask"):
        yield from _side_by_side(benchmark, config, list(jobs), device, folder)
        return
    with bars(console) as progress:
        for job in jobs:
            place = Place(benchmark.name, device, folder, folder / job.folder, console, progress)
            yield _done(benchmark, config, job, place)


def _done(benchmark: Benchmark[Config], config: Config, job: Job, place: Place) -> Done:
    """What a user can fix, and a run that diverged, is this job's failure; what strikes all jobs is raised."""
    place.folder.mkdir(parents=True, exist_ok=True)
    try:
        return Done(job, tuple(benchmark.run_one(config, job, place)))
    except (GediNesyError, ValueError, torch.OutOfMemoryError) as error:
        ours = isinstance(error, GediNesyError | torch.OutOfMemoryError) or raised_by_us(error.__traceback__)
        if isinstance(error, OSError | StoppedError) or not ours or distributed.size() > 1:
            raise
        return Done(job, failure=" ".join(str(error).split()))


def _side_by_side(
    benchmark: Benchmark[Config], config: RunConfig, jobs: Sequence[Job], device: torch.device, folder: Path
) -> Iterator[Done]:
    """In processes of their own, each with its share of the threads; they print lines, and draw no bars."""
    share = threads_each(torch.get_num_threads(), config.workers)
    with _backend(config, share) as count:
        parallel = Parallel(
            n_jobs=count,
            return_as="generator_unordered",
            batch_size=1,  # pyright: ignore[reportArgumentType]
            pre_dispatch="all",
        )
        try:
            done: Any = parallel(
                delayed(_in_a_worker)(benchmark, config, job, of_worker(device, number), folder, share)
                for number, job in enumerate(jobs)
            )
            yield from done
        except TerminatedWorkerError as error:
            raise ConfigError(
                f"--workers {config.workers}: a worker was ended from outside, for want of memory perhaps; what is done"
                " is kept: pass --resume, with fewer workers"
            ) from error
        except BaseException:
            _end_workers()
            raise


def _end_workers(patience: float = 15.0) -> None:
    """Ask what is left of the workers to save and end, then end them.

    When this process is told to stop, joblib's own ending of them can lose a race, and they would go on unseen.
    """
    left = multiprocessing.active_children()
    for worker in left:
        worker.terminate()
    for worker in left:
        worker.join(patience)
        worker.kill()


def threads_each(total: int, workers: int) -> int:
    """CPU threads of each worker: equal shares, at least one."""
    return max(1, total // workers)


@contextmanager
def _backend(config: RunConfig, threads: int) -> Iterator[int]:
    """joblib's back end is chosen within; how many jobs it is to run at once."""
    if config.backend == "loky":
        with parallel_config(backend="loky", inner_max_num_threads=threads):
            yield config.workers
        return
    with needs("cluster"):
        from dask.distributed import Client  # noqa: PLC0415 - an optional package

    try:
        client = Client(config.scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--scheduler {config.scheduler}: no Dask scheduler answers ({error})") from error
    with client, parallel_config(backend="dask"):
        yield -1


def _in_a_worker(
    benchmark: Benchmark[Config],
    config: Config,
    job: Job,
    device: torch.device,
    folder: Path,
    threads: int,
) -> Done:
    torch.set_num_threads(threads)
    console = Lines(force_terminal=False, width=200)
    with bars(console) as progress:
        place = Place(benchmark.name, device, folder, folder / job.folder, console, progress)
        return _done(benchmark, config, job, place)
