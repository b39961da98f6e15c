"""What a training step costs, beside what it must cost and what it costs written plainly.

A step with K Langevin steps needs K passes of the chains through the network, forward and back to the input, and one
pass of images, augmented images and samples, forward and back to the weights. One of each is timed in the same run, and
their sum is the floor. The plain step (benchmarks/step/plain.py) computes the same loss as JEM's code does.
"""

from dataclasses import asdict

import torch

from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.devices import device_of
from benchmarks.step.case import Case
from benchmarks.step.config import StepBenchmarkConfig
from benchmarks.step.growth import grown
from benchmarks.step.report import body, report
from benchmarks.step.timing import measure, step_milliseconds, summary
from gedi_nesy.errors import ConfigError


def jobs(config: StepBenchmarkConfig) -> list[Job]:
    """One a row; ValueError names what does not fit."""
    device = device_of(config.device)
    if config.clock == "cpu" and device.type != "cpu":
        raise ConfigError(f"--clock cpu: does not see what {device} does; use --clock wall")
    if config.against:
        cases = [case for case in config.cases(device) if case.precision == "float32"]
        return [_growing(config, case, device) for case in cases]
    return [
        Job(
            name=f"{case.network}, K = {case.sgld_steps}, {case.precision}",
            folder=".",
            runs=({"seed": 0, "case": case.name},),
            task=case,
        )
        for case in config.cases(device)
    ]


def _growing(config: StepBenchmarkConfig, case: Case, device: torch.device) -> Job:
    """All points of one network."""
    points = tuple(grown(case, config.against))
    for point in points:
        point.case.step_config()
    return Job(
        name=f"{case.network}, K = {case.sgld_steps}, as {', '.join(config.against)} grow",
        folder=".",
        runs=tuple({"seed": 0, "case": f"{case.name}_{each.quantity}_{each.value}"} for each in points),
        task=points,
    )


def _grown(config: StepBenchmarkConfig, job: Job, place: Place) -> list[Run]:
    """A run a point."""
    place.say(f"{job.name} ...")
    found = []
    for identity, point in zip(job.runs, job.task, strict=True):
        milliseconds = step_milliseconds(point.case, place.device, config.repeat, config.clock)
        row = {
            **asdict(point.case),
            "quantity": point.quantity,
            "value": point.value,
            "step_ms": milliseconds,
        }
        found.append({**identity, "row": row, "metrics": {f"{identity['case']}_ms": milliseconds}})
    return found


def run_one(config: StepBenchmarkConfig, job: Job, place: Place) -> list[Run]:
    """Time one case, or a network's step as quantities grow."""
    if config.against:
        return _grown(config, job, place)
    case, device = job.task, place.device
    place.say(f"{job.name} ...")
    times = measure(case, device, config.repeat, config.clock)
    row = {**asdict(case), **summary(times, case.sgld_steps), "times_ms": times}
    if device.type == "cuda":
        row["peak_mib"] = torch.cuda.max_memory_allocated(device) / 2**20
    ratios = {key: row[key] for key in row if "_over_" in key or "_faster_" in key}
    return [{**job.runs[0], "row": row, "metrics": {f"{case.name}_{key}": row[key] for key in ratios}}]


BENCHMARK = Benchmark(
    name="step",
    config=StepBenchmarkConfig,
    jobs=jobs,
    run_one=run_one,
    body=body,
    report=report,
    timed=True,
    width=130,
)
