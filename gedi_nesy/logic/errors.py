"""The one error a user of `gedi_nesy.logic` sees."""

from gedi_nesy.errors import GediNesyError, did_you_mean

__all__ = ["ProgramError", "TooLargeError", "did_you_mean"]


class ProgramError(GediNesyError, ValueError):
    """A program, query or batch that cannot be used; one line, beginning with FILE:LINE where that is
    known.
    """


class TooLargeError(ProgramError):
    """A program, or a count, that goes beyond the budget it was given; `stage` is what it was busy with."""

    def __init__(self, message: str, stage: str = ""):
        super().__init__(message)
        self.stage = stage
