"""Start the process that trains, listen to it, tabulate and write."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks.memory.config import MemoryConfig
from benchmarks.memory.report import table
from benchmarks.runner.results import summarise, write_results


def main(config: MemoryConfig) -> None:
    """Measure, tabulate and write."""
    config.check()
    device = config.prepare()
    folder = config.folder("memory")
    console = Console(width=None if Console().is_terminal else 130)
    rows = measure(config, console)
    metrics = {"peak_gb": rows[-1]["peak"] / 1e9, "imports_gb": rows[2]["peak"] / 1e9}
    console.print(table(config, rows))
    body = {"runs": [{"seed": 0, "metrics": metrics}], "summary": summarise([metrics]), "rows": rows}
    path = write_results(folder, "memory", asdict(config), device, body)
    console.print(f"written: {path}", highlight=False)


def measure(config: MemoryConfig, console: Console) -> list[dict]:
    """What the process prints, a row a stage; RuntimeError if it does not come to its end."""
    asked = json.dumps(asdict(config), default=str)
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
            console.print(f"{rows[-1]['stage']}: {rows[-1]['peak'] / 1e9:.2f} GB", highlight=False)
    if process.returncode:
        raise RuntimeError(f"the process that trains ended with {process.returncode}")
    return rows
