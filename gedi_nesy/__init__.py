"""Symbols without labels: GEDI networks as neural predicates of ProbLog programs."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gedi_nesy.logic import Program, ProgramError
    from gedi_nesy.models.gedi import GEDI

__all__ = ["GEDI", "Program", "ProgramError"]
__version__ = "0.1.0"

if os.environ.get("PATH") == "":
    # ProbLog takes one that is not set, and fails with a TypeError on one that is empty
    del os.environ["PATH"]


def __getattr__(name: str) -> object:
    """Torch, and the logic (DeepProbLog, ProbLog, KLay), are imported when they are first used."""
    if name == "GEDI":
        from gedi_nesy.models.gedi import GEDI

        return GEDI
    if name in ("Program", "ProgramError"):
        from gedi_nesy import logic

        return getattr(logic, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
