"""The main job under torchrun, very small: one rank is killed, and one process goes on where both were."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SMALL = [
    *("--dataset", "digits", "--device", "cpu", "--threads", "1", "--width", "8", "--save-every", "0"),
    *(
        "--triples",
        "12",
        "--batch-size",
        "5",
        "--batch-samples",
        "5",
        "--buffer-size",
        "9",
        "--iterations",
        "30",
    ),
    *("--explore", "8", "--attempts", "1", "--reconsider", "2", "--naming-every", "3"),
]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]


def start(root: Path, *command: str) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GEDI_NESY_CACHE": ""}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rank_one(parent: int) -> int | None:
    """Its process, once it is there."""
    for entry in Path("/proc").iterdir():
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            parents = (entry / "stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue
        if parents == str(parent) and b"RANK=1" in environment:
            return int(entry.name)
    return None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds a rank by what Linux tells of it")
def test_a_killed_rank_ends_the_job_and_one_process_goes_on(root, tmp_path):
    out = tmp_path / "out"
    job = start(root, *TORCHRUN, "benchmarks.addition", *SMALL, "--out", str(out))
    limit = time.monotonic() + 240
    while len(list(out.rglob("checkpoint-*.safetensors"))) < 2:
        assert time.monotonic() < limit
        assert job.poll() is None
        time.sleep(0.05)
    rank = rank_one(job.pid)
    assert rank is not None
    os.kill(rank, signal.SIGKILL)
    job.communicate(timeout=120)
    assert job.returncode != 0
    assert not (out / "results.json").exists()
    resumed = start(root, "-m", "benchmarks.addition", *SMALL, "--out", str(out), "--resume")
    output, _ = resumed.communicate(timeout=240)
    assert resumed.returncode == 0, output
    assert "goes on after step" in output
    results = json.loads((out / "results.json").read_text())
    assert results["runs"][0]["survival"]["parts"] == 2
    history = [json.loads(line) for line in (out / "seed-0" / "history.jsonl").read_text().splitlines()]
    assert [line["step"] for line in history if line["phase"] == "refine"] == list(range(30))


@pytest.mark.slow
def test_a_benchmark_of_one_process_refuses_ranks(root, tmp_path):
    job = start(root, *TORCHRUN, "benchmarks.step", "--out", str(tmp_path / "out"))
    output, _ = job.communicate(timeout=240)
    assert job.returncode != 0
    assert "error: 2 ranks: this benchmark runs as one process; start it without torchrun" in output
