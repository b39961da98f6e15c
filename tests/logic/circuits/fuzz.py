"""Random dynamic programs against stock ProbLog: `python -m tests.logic.circuits.fuzz --seconds 600` prints all that
differs.
"""

import argparse
import signal
import sys
import time

from problog import get_evaluatable
from problog.errors import InconsistentEvidenceError
from problog.program import PrologString

from gedi_nesy.logic import Budget, Program, ProgramError
from tests.logic.circuits.dynamic_programs import generate

IMPOSSIBLE = "impossible evidence"


def by_us(text: str, budget: Budget) -> dict[str, float] | str:
    """Every answer with its probability, or the refusal."""
    try:
        return {
            str(term): p for term, p in Program.from_string(text, networks={}, budget=budget).solve(budget)
        }
    except ProgramError as error:
        impossible = any(said in str(error) for said in ("probability 0", "contradicts itself"))
        return IMPOSSIBLE if impossible else str(error)


def by_problog(text: str) -> dict[str, float] | str:
    """The same from stock ProbLog."""
    try:
        found = get_evaluatable().create_from(PrologString(text)).evaluate()
    except InconsistentEvidenceError:
        return IMPOSSIBLE
    return {str(term): p for term, p in found.items()}


def differ(ours: dict[str, float] | str, theirs: dict[str, float] | str) -> bool:
    """Whether two outcomes are not the same, up to 1e-9; an answer that one does not list has probability 0."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours != theirs
    return any(
        abs(ours.get(name, 0.0) - theirs.get(name, 0.0)) > 1e-9 for name in ours.keys() | theirs.keys()
    )


class _TooLong(Exception):
    """ProbLog had its seconds."""


def _raise(*_: object) -> None:
    raise _TooLong


def main() -> int:
    """Compare until the seconds of CPU time are over; 1 if anything differs."""
    parser = argparse.ArgumentParser(description="random dynamic programs against stock ProbLog")
    parser.add_argument("--seconds", type=float, default=600.0, help="of CPU time (default: 600)")
    parser.add_argument("--seed", type=int, default=0, help="of the first program; the next is one more")
    arguments = parser.parse_args()
    sys.setrecursionlimit(10_000)
    signal.signal(signal.SIGALRM, _raise)
    seed, compared, answers, too_long, differences = arguments.seed, 0, 0, 0, 0
    while time.process_time() < arguments.seconds:
        text = generate(seed)
        signal.alarm(30)
        try:
            theirs = by_problog(text)
        except _TooLong:
            too_long, seed = too_long + 1, seed + 1
            continue
        finally:
            signal.alarm(0)
        ours = by_us(text, Budget(seconds=30.0))
        compared += 1
        answers += len(theirs) if isinstance(theirs, dict) else 0
        if differ(ours, theirs):
            differences += 1
            print(f"seed {seed}: here {ours}, ProbLog {theirs}\n{text}", flush=True)
        seed += 1
    print(
        f"seeds {arguments.seed} to {seed - 1}: {compared:,} programs of {answers:,} answers compared,"
        f" {too_long:,} too long for ProbLog, {differences:,} different"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
