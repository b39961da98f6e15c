"""Intervals of a probability from how often something held."""

import math

CONFIDENCE = 0.95
"""Of all intervals, at least this share hold the probability that they are of."""

_HALVINGS = 50


def interval(held: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a probability (Clopper and Pearson, Biometrika 26, 1934), for 0 <= held <= of, of > 0.

    Too small is what would make `held` or more rarer than half of 1 - confidence; too large, `held` or fewer.
    """
    tail = (1 - confidence) / 2
    return _smallest(held, of, tail), 1 - _smallest(of - held, of, tail)


def _smallest(held: int, of: int, tail: float) -> float:
    """The p for which P(at least `held` of `of`) is `tail`."""
    if held == 0:
        return 0.0
    low, high = 0.0, held / of
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_least(held, of, middle) < tail:
            low = middle
        else:
            high = middle
    return low


def _at_least(held: int, of: int, p: float) -> float:
    """P(X >= held), X binomial, for p below held / of: its terms fall from the first on."""
    if p <= 0:
        return 0.0
    ways = math.lgamma(of + 1) - math.lgamma(held + 1) - math.lgamma(of - held + 1)
    first = math.exp(ways + held * math.log(p) + (of - held) * math.log1p(-p))
    total = term = 1.0
    for k in range(held, of):
        term *= (of - k) / (k + 1) * p / (1 - p)
        total += term
        if term < 1e-16 * total:
            break
    return first * total
