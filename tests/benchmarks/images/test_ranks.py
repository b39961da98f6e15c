"""Rows under torchrun: terms with statistics of the batch, and two stages, are on two ranks what they are on one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = ("SimCLR", "Barlow Twins", "SwAV", "GEDI no gen")
SMALL = (
    *("benchmarks.images", "--dataset", "digits", "--methods", *ROWS, "--iterations", "20", "--width", "8"),
    *("--seeds", "0", "--others", "noise", "--precision", "float32", "--device", "cpu", "--threads", "1"),
)


def trained(root: Path, out: Path, *launcher: str) -> dict[str, list[dict]]:
    """Every step's terms, row by row."""
    command = [sys.executable, "-m", *launcher, *SMALL, "--out", str(out)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=500)
    runs = json.loads((out / "results.json").read_text())["runs"]
    assert [run["row"] for run in runs] == list(ROWS)
    files = {file.parent.parent.name: file.read_text() for file in out.rglob("history.jsonl")}
    return {row: [json.loads(line) for line in text.splitlines()] for row, text in files.items()}


def numbers(step: dict) -> dict[str, float]:
    return {name: value for name, value in step.items() if isinstance(value, float)}


@pytest.mark.slow
def test_two_ranks_take_the_steps_of_one_process(root, tmp_path):
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    one, two = trained(root, tmp_path / "one"), trained(root, tmp_path / "two", *torchrun)
    assert set(one) == set(two)
    assert len(one) == len(ROWS)
    for row, steps in one.items():
        assert len(steps) == len(two[row]) == 20
        for expected, found in zip(steps, two[row], strict=True):
            # sums in another order, of which each step makes more
            assert found["phase"] == expected["phase"]
            assert numbers(found) == pytest.approx(numbers(expected), rel=0.01, abs=0.01), row
