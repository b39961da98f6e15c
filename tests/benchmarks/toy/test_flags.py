"""Flags that were renamed: the old names go on to work, and results.json has the old keys."""

import pytest

from benchmarks.circuits.config import CircuitsConfig
from benchmarks.failure_modes.config import FailureModesConfig
from benchmarks.runner.flags import flat, parse
from benchmarks.step.config import StepBenchmarkConfig
from benchmarks.toy.config import ToyConfig


@pytest.mark.parametrize(
    ("config", "old", "new", "key"),
    [
        (ToyConfig, ["--attempts", "2"], ["--max-restarts", "2"], "attempts"),
        (ToyConfig, ["--accept", "-0.2"], ["--accept-inv", "-0.2"], "accept"),
        (ToyConfig, ["--time-stacking"], ["--time-vectorized"], "time_stacking"),
        (FailureModesConfig, ["--num", "50"], ["--points", "50"], "num"),
        (StepBenchmarkConfig, ["--repeat", "2"], ["--repeats", "2"], "repeat"),
        (CircuitsConfig, ["--repeats", "2"], ["--repeats", "2"], "repeats"),
    ],
)
def test_old_flags_mean_the_new_ones(config, old, new, key):
    asked = parse(config, "benchmark", new)
    assert parse(config, "benchmark", old) == asked
    assert asked != config()
    assert flat(asked)[key] == getattr(asked, key)
