"""The one error a user of `gedi_nesy.logic` sees, and the suggestion that goes with a misspelt name."""

import difflib
from collections.abc import Iterable


class ProgramError(ValueError):
    """A program, query or batch that cannot be used; one line, beginning with FILE:LINE where that is
    known.
    """


class TooLargeError(ProgramError):
    """A program, or a count, that goes beyond the budget it was given."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of the known names, else the list of them, else nothing."""
    names = sorted(set(known))
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if nearest:
        return f"; did you mean '{nearest[0]}'?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 10 else ""
