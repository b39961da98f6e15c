"""`python -m tests.logic.fuzz`: random dynamic programs against stock ProbLog, for some seconds of this process."""

import argparse
import itertools
import sys
import time
from collections import Counter

import torch

from tests.logic.fuzz import accumulators, dynamic_programs
from tests.logic.fuzz.compare import TooLongError, difference, shrunk


def generate(seed: int) -> str:
    """Both kinds in turn."""
    return (dynamic_programs, accumulators)[seed % 2].generate(seed)


def main() -> int:
    """0 if nothing differs; every difference is printed with the smallest program that shows it."""
    parser = argparse.ArgumentParser(prog="python -m tests.logic.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds (default: 60)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first program; the next has the next seed"
    )
    parser.add_argument("--programs", type=int, default=sys.maxsize, help="at most so many")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    routes: Counter[str] = Counter()
    differences = 0
    started = time.process_time()
    for seed in itertools.count(arguments.seed):
        if time.process_time() - started > arguments.seconds or routes.total() == arguments.programs:
            break
        text = generate(seed)
        try:
            found, route = difference(text)
        except TooLongError:
            routes["too long"] += 1
            continue
        except Exception as error:
            found, route = f"{type(error).__name__}: {error}", "crashed"
        routes[route] += 1
        if found is not None:
            differences += 1
            smallest = text if route == "crashed" else shrunk(text)
            print(f"seed {seed}: {found}\n{smallest}\n", flush=True)
    how = ", ".join(f"{route} {count}" for route, count in routes.most_common())
    print(f"{routes.total()} programs from seed {arguments.seed} ({how}): {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
