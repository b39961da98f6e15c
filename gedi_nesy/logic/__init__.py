"""ProbLog programs with neural predicates, compiled to circuits that evaluate whole batches."""

from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.program import Program
from gedi_nesy.logic.query import Query

__all__ = ["Program", "ProgramError", "Query"]
