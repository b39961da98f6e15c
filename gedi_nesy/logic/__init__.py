"""ProbLog programs with neural predicates, compiled to circuits that evaluate whole batches."""

from gedi_nesy.logic.accelerate.deepproblog_adapter import accelerate
from gedi_nesy.logic.budget import Budget
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.explain import Explanation
from gedi_nesy.logic.program import Program
from gedi_nesy.logic.query import Query, log_prob_together

__all__ = ["Budget", "Explanation", "Program", "ProgramError", "Query", "accelerate", "log_prob_together"]
