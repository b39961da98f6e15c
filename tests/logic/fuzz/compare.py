"""A program solved here and by stock ProbLog, what differs, and the smallest program that still does."""

import contextlib
import signal
from collections.abc import Iterator

from problog import get_evaluatable
from problog.errors import ProbLogError
from problog.program import PrologString

from gedi_nesy.logic import Budget, Program, ProgramError

SECONDS = 20
"""What either side may take for a program."""

Answers = dict[str, float] | str
"""Probabilities by answer, or `refused` where the evidence is impossible or the program is wrong."""


class TooLongError(Exception):
    """ProbLog took too long."""


def ours(text: str) -> tuple[Answers, str]:
    """Our answers, and by which route; TooLongError beyond the time."""
    try:
        program = Program.from_string(text, {}, budget=Budget(seconds=SECONDS))
        program.store = None
        found = {str(term): p for term, p in program.solve(Budget(seconds=SECONDS))}
        return found, program.own_template().report.route
    except ProgramError as error:
        if "raise the budget" in str(error):
            raise TooLongError from None
        return "refused", str(error)


def problogs(text: str) -> Answers:
    """ProbLog's answers; TooLongError beyond the time."""
    with _limit(SECONDS):
        try:
            found = get_evaluatable().create_from(PrologString(text)).evaluate()
        except ProbLogError:
            return "refused"
    return {str(term): float(p) for term, p in found.items()}


def difference(text: str) -> tuple[str | None, str]:
    """What differs, in a line, or None; and the route. TooLongError where either side takes too long."""
    expected = problogs(text)
    found, route = ours(text)
    if isinstance(found, str) or isinstance(expected, str):
        return (None if found == expected else f"here {found} ({route}), ProbLog {expected}"), "refused"
    for name in sorted(found.keys() | expected.keys()):
        here, there = found.get(name), expected.get(name)
        if here is None or there is None or not abs(here - there) <= 1e-9 + 1e-7 * there:
            return f"{name}: here {here}, ProbLog {there}", route
    return None, route


def shrunk(text: str) -> str:
    """The program without the lines that the difference does not need."""
    lines = text.splitlines()
    position = 0
    while position < len(lines):
        shorter = lines[:position] + lines[position + 1 :]
        try:
            differs = difference("\n".join(shorter))[0] is not None
        except TooLongError:
            differs = False
        if differs:
            lines, position = shorter, 0
        else:
            position += 1
    return "\n".join(lines)


@contextlib.contextmanager
def _limit(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
