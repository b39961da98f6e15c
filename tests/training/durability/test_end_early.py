"""Ending early: the clock, the first Ctrl-C, the second; and other threads, which hear none."""

import os
import signal
import threading

import pytest

from gedi_nesy.training.durability.stopping import CTRL_C, TIME_LIMIT, Stop, stopping


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_press_asks_and_the_second_ends_at_once(capsys):
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with stopping() as stop:
            assert not stop()
            press()
            assert stop()
            assert stop.reason == CTRL_C
            assert "once more ends at once" in capsys.readouterr().err
            with pytest.raises(KeyboardInterrupt):
                press()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_clock_asks_when_the_seconds_are_over():
    now = [0.0]
    stop = Stop(10.0, clock=lambda: now[0])
    assert not stop()
    assert stop.seconds_left == 10.0
    now[0] = 10.0
    assert stop()
    assert stop.reason == TIME_LIMIT


def test_the_reason_is_the_first_one():
    now = [0.0]
    stop = Stop(1.0, clock=lambda: now[0])
    stop.reason = CTRL_C
    now[0] = 2.0
    assert stop()
    assert stop.reason == CTRL_C


def test_another_thread_has_the_clock_alone():
    before, heard = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with stopping(0.0) as stop:
            heard.append((stop(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [(True, before)]
