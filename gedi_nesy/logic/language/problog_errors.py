"""What ProbLog and DeepProbLog raise while they work on a person's program, as one line with FILE:LINE.

Their errors have classes of their own, but much that is wrong in a program comes out of them as a plain
`TypeError`, `KeyError` and so on. Such an error is the program's where their code raised it; where ours did,
called by theirs or not, it is a fault of this library and passes unchanged.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from problog.engine import GroundingError, UnknownClause
from problog.errors import ParseError, ProbLogError

from gedi_nesy.errors import GediNesyError
from gedi_nesy.logic.errors import ProgramError, did_you_mean

_REWORDED = {
    "UnifyError": "the arguments do not fit",
    "RecursionError": "terms are nested too deeply, or a recursion does not end",
}


@dataclass(frozen=True)
class ProblogErrors:
    """A context in which ProbLog's errors become ProgramErrors.

    `name` is what errors call the program, `path` where it lies, and `doing` what is tried, as in "read";
    `places` and `defined` say, once there is an error, where each name/arity occurs and which are defined.
    """

    name: str
    path: str
    doing: str
    places: Callable[[], Mapping[str, str]] = dict
    defined: Callable[[], Iterable[str]] = tuple

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, GediNesyError | MemoryError):
            return
        if isinstance(error, ProbLogError):
            raise self._problog_error(error) from error
        if isinstance(error, RecursionError) or _raised_by_problog(trace):
            raise self._other_error(error, trace) from error

    def _problog_error(self, error: ProbLogError) -> ProgramError:
        """A ProbLog error as one line, and the nearest name for an unknown predicate."""
        where = self._where(getattr(error, "location", None))
        if isinstance(error, UnknownClause):
            signature = str(error.signature)
            hint = did_you_mean(signature, self.defined())
            return ProgramError(f"{self.places().get(signature, where)}: nothing defines {signature}{hint}")
        message = error.base_message if isinstance(error, GroundingError | ParseError) else str(error)
        return ProgramError(f"{where}: {message}")

    def _other_error(self, error: Exception, trace: TracebackType | None) -> ProgramError:
        name = type(error).__name__
        reason = _REWORDED.get(name) or (f"{name}: {error}" if str(error) else f"{name}, without a word")
        where, signature = self._call(trace)
        goal = f" in a call of {signature}" if signature else ""
        return ProgramError(f"{where}: ProbLog cannot {self.doing} it{goal}: {reason}")

    def _where(self, location: Any) -> str:
        """FILE:LINE of what ProbLog calls a location: file (None for the program itself), line, column."""
        if not isinstance(location, tuple) or len(location) != 3:
            return self.name
        file, line, _ = location
        return f"{file if file and file != self.path else self.name}:{line}"

    def _call(self, trace: TracebackType | None) -> tuple[str, str]:
        """Where the call stands that ProbLog was at, and its predicate; the file and nothing if that is not
        known. ProbLog hands the call on from function to function, among its keyword arguments.
        """
        for frame in _frames(trace):
            for values in frame.f_locals.values():
                if isinstance(values, dict) and isinstance(values.get("call_origin"), tuple):
                    signature, location = values["call_origin"]
                    database: Any = values.get("database") or frame.f_locals.get("database")
                    known = isinstance(location, tuple) and location[0] < len(database.line_info)
                    return self._where(database.lineno(location) if known else None), str(signature)
        return self.name, ""


def _frames(trace: TracebackType | None) -> Iterator[FrameType]:
    """The frames of a traceback, innermost first."""
    return reversed([frame for frame, _ in traceback.walk_tb(trace)])


def _raised_by_problog(trace: TracebackType | None) -> bool:
    for frame in _frames(trace):
        package = str(frame.f_globals.get("__name__", "")).split(".")[0]
        if package in ("problog", "deepproblog"):
            return True
        if package == "gedi_nesy":
            return False
    return False
