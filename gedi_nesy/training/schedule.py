"""Learning rate and entropy weight over a training phase; progress runs from 0 to 1."""

import math


def cosine(iteration: int, iterations: int, warmup: int) -> float:
    """Linear warm-up from 0, times half a cosine from 1 to 0."""
    return min(1.0, (iteration + 1) / warmup) * 0.5 * (1.0 + math.cos(math.pi * iteration / iterations))


def annealed(progress: float, start: float, begin: float = 0.1, end: float = 0.7) -> float:
    """The entropy weight of L_INV: `start` until `begin`, then a straight line to 1 at `end`."""
    return start + (1.0 - start) * min(1.0, max(0.0, (progress - begin) / (end - begin)))
