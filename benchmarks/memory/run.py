"""Start the process that trains, and listen to it."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.memory.config import MemoryConfig
from benchmarks.memory.report import body, report
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.flags import flat


def jobs(config: MemoryConfig) -> list[Job]:
    """A single one."""
    config.check()
    return [Job(name="memory", folder=".", runs=({"seed": 0},))]


def run_one(config: MemoryConfig, job: Job, place: Place) -> list[Run]:
    """A row a stage; RuntimeError if the process does not come to its end."""
    asked = json.dumps({**flat(config), "device": str(place.device)}, default=str)
    rows = []
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.memory.child", asked],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rows.append(json.loads(line))
            place.say(f"{rows[-1]['stage']}: {rows[-1]['peak'] / 1e9:.2f} GB")
    if process.returncode:
        raise RuntimeError(f"the process that trains ended with {process.returncode}")
    metrics = {"peak_gb": rows[-1]["peak"] / 1e9, "imports_gb": rows[2]["peak"] / 1e9}
    return [{**job.runs[0], "metrics": metrics, "rows": rows}]


BENCHMARK = Benchmark(
    name="memory", config=MemoryConfig, jobs=jobs, run_one=run_one, body=body, report=report, width=130
)
