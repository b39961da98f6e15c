"""The base of every error that a user can meet; its message is one line, which says what is wrong and what to do.

An error derives from `GediNesyError` and from the built-in kind that it is (`ValueError`, `OSError`, ...), so that
`except ValueError` goes on to work. What derives from neither is a fault of the library (`cli/top_level.py`).
"""

import difflib
import re
import signal
from collections.abc import Iterable
from pathlib import Path


class GediNesyError(Exception):
    """Something that a user can fix. `str()` of it is one line, whatever its message quotes."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class ConfigError(GediNesyError, ValueError):
    """A setting or an argument that cannot be used; the message holds its name and its value."""


class MissingPackageError(GediNesyError, ImportError):
    """An optional package that is not installed; the message holds the `pip install` that fixes it."""


class StoppedError(GediNesyError, RuntimeError):
    """A signal asked the run to end, and it was saved before it did; `signal` is its number."""

    def __init__(self, number: int, folder: Path):
        super().__init__(f"stopped by {signal.Signals(number).name}; the run is saved in {folder}")
        self.signal, self.folder = number, folder

    def __reduce__(self):
        """Pickled by its arguments: it crosses from one process to another."""
        return type(self), (self.signal, self.folder)


def one_line(text: str) -> str:
    """The text without line breaks; other characters that no terminal should obey become escapes."""
    joined = re.sub(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*", " ", text.strip())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of the known names, else the list of them, else nothing."""
    names = sorted(set(known))
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if nearest:
        return f"; did you mean '{nearest[0]}'?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 10 else ""
