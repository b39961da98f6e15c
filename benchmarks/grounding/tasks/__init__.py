"""The tasks of the benchmark, by name."""

from benchmarks.grounding.tasks import bits, digits, formula, kandinsky, sudoku
from benchmarks.grounding.tasks.problem import Problem

PROBLEMS: dict[str, Problem] = {
    **digits.PROBLEMS,
    **bits.PROBLEMS,
    **formula.PROBLEMS,
    **kandinsky.PROBLEMS,
    **sudoku.PROBLEMS,
}
