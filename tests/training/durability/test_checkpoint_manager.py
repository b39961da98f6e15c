"""When runs are saved, on a clock of the test's own."""

import os
import signal
from itertools import pairwise

import pytest

from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.durability import checkpoint
from gedi_nesy.training.durability.checkpoint import CheckpointError
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager, StoppedError


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def saver(tmp_path, clock, **options) -> CheckpointManager:
    return CheckpointManager(CheckpointConfig(folder=tmp_path / "checkpoints", **options), clock)


def run(saver: CheckpointManager, clock: Clock, steps: int, cost: float, milestones: int = 0) -> list[int]:
    """The steps after which a run of a second a step is saved, where a checkpoint costs `cost` seconds."""
    saved = []

    def state():
        clock.now += cost
        return {"step": step}

    for step in range(1, steps + 1):
        clock.now += 1.0
        before = clock.now
        saver.step(state, milestone=bool(milestones) and step % milestones == 0)
        # what `state` took stands for all that saving takes
        if clock.now > before:
            saved.append(step)
    return saved


def test_cheap_checkpoints_are_made_at_the_interval(tmp_path):
    clock = Clock()
    one = CheckpointManager(CheckpointConfig(folder=tmp_path, seconds=30.0), clock)
    cheap = run(one, clock, 100, 1e-6)
    assert cheap == [30, 60, 90]


@pytest.mark.parametrize("cost", [0.5, 2.0])
def test_dear_checkpoints_are_made_less_often(tmp_path, monkeypatch, cost):
    """Whatever a checkpoint costs, saving takes a percent of the run; only the first one's cost is not known before."""
    from gedi_nesy.training.durability import checkpoint

    clock, times = Clock(), []

    def save(*arguments):
        clock.now += cost
        times.append(clock.now)

    monkeypatch.setattr(checkpoint, "save", save)
    one = saver(tmp_path, clock, seconds=30.0, max_overhead=0.01)
    for _ in range(2000):
        clock.now += 1.0
        one.step(dict)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert times[0] == 100 + 30 + cost
    assert min(gaps) >= 100 * cost
    assert one.spent == cost * len(times)
    assert one.overhead == pytest.approx(cost * len(times) / (2000 + cost * len(times)))
    assert one.overhead < 0.012


def test_zero_seconds_saves_after_every_step(tmp_path):
    clock = Clock()
    one = saver(tmp_path, clock, seconds=0.0)
    assert run(one, clock, 5, 7.0) == [1, 2, 3, 4, 5]


def test_milestones_are_saved_when_that_is_cheap(tmp_path):
    clock = Clock()
    assert run(saver(tmp_path, clock, seconds=1000.0), clock, 10, 1e-6, milestones=4) == [4, 8]


def test_seconds_add_up_over_the_parts_of_a_run(tmp_path):
    clock = Clock()
    first = saver(tmp_path, clock, seconds=10.0)
    assert first.load() is None
    run(first, clock, 25, 1e-6)
    clock.now += 1000  # the process is killed, and nobody comes back for a while
    second = saver(tmp_path, clock, seconds=10.0)
    assert second.load() == {"step": 20}
    assert second.seconds == pytest.approx(20, abs=1e-3)
    assert second.num_launches == 2
    clock.now += 5
    assert second.seconds == pytest.approx(25, abs=1e-3)
    second.remove()
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_first(tmp_path, number):
    one = saver(tmp_path, Clock())
    before = signal.getsignal(number)
    with one.catching_signals():
        one.step(lambda: {"step": 1})
        os.kill(os.getpid(), number)
        with pytest.raises(StoppedError, match=f"stopped by {number.name}; the run is saved in") as stopped:
            one.step(lambda: {"step": 2})
    assert stopped.value.signal == number
    assert saver(tmp_path, Clock()).load() == {"step": 2}
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_after_the_last_step_is_not_lost(tmp_path, number):
    """The run is over; whoever comes next, such as the next seed, is to end."""
    heard = []
    before = signal.signal(number, lambda number, frame: heard.append(number))
    one = saver(tmp_path, Clock())
    with one.catching_signals():
        one.step(lambda: {"step": 1})
        os.kill(os.getpid(), number)
        assert heard == []
    assert heard == [number]
    with one.catching_signals():
        one.step(lambda: {"step": 2})  # nothing is left behind
    signal.signal(number, before)


def test_a_second_interrupt_ends_at_once(tmp_path):
    # a process that was begun in the background ignores interrupts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    one = saver(tmp_path, Clock())

    def interrupted_twice() -> None:
        with one.catching_signals():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("this is not reached")

    with pytest.raises(KeyboardInterrupt):
        interrupted_twice()
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("name", "value"), [("seconds", -1.0), ("max_overhead", 0.0), ("max_overhead", 1.0), ("keep", 0)]
)
def test_bad_settings_are_named(tmp_path, name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
        CheckpointConfig(folder=tmp_path, **{name: value})


@pytest.mark.parametrize("change", [{"seconds": "x"}, {"spent": -1.0}, {"parts": None}, {"more": 1}])
def test_a_checkpoint_of_something_else_is_refused(tmp_path, change):
    checkpoint.save(tmp_path, {"seconds": 1.0, "spent": 0.5, "parts": 1, "run": {}} | change, {})
    with pytest.raises(CheckpointError, match="holds a checkpoint of something else than a run"):
        CheckpointManager(CheckpointConfig(folder=tmp_path)).load()


def test_a_checkpoint_from_before_loads(tmp_path):
    """Keys in the file are as they ever were."""
    checkpoint.save(tmp_path, {"seconds": 7.0, "spent": 0.5, "parts": 2, "run": {"step": 3}}, {})
    manager = CheckpointManager(CheckpointConfig(folder=tmp_path))
    assert manager.load() == {"step": 3}
    assert (manager.num_launches, manager.spent) == (3, 0.5)
    assert manager.seconds >= 7.0


def test_a_state_of_something_else_is_one_line():
    message = r"does not hold the state of this run \(KeyError: 'model'\)"
    with pytest.raises(CheckpointError, match=message), checkpoint.restoring():
        {}["model"]
    with pytest.raises(DivergedError), checkpoint.restoring():
        raise DivergedError("ours")
