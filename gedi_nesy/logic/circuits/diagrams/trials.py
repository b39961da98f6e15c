"""Trials of one strategy at a time: what the process that compiles decision diagrams is asked, and answers.

Like `decision_diagram.py` it imports nothing that is slow to load.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gedi_nesy.logic.circuits.diagrams.decision_diagram import Diagrams, Strategy, compile_diagrams
from gedi_nesy.logic.grounding.graph import Graph


@dataclass(frozen=True)
class Problem:
    """The nodes of a graph that are to become diagrams."""

    graph: Graph
    roots: list[int]


@dataclass(frozen=True)
class Trial:
    """A strategy, and the SDD nodes that it may make."""

    strategy: Strategy
    limit: int


@dataclass(frozen=True)
class Progress:
    """SDD nodes so far, and the share of the work that is done."""

    nodes: int
    fraction: float


@dataclass(frozen=True)
class Outgrown:
    """The limit was reached."""

    nodes: int


Outcome = Diagrams | Outgrown


class _OutgrownError(Exception):
    pass


def run(problem: Problem, trial: Trial, report: Callable[[Progress], None]) -> Outcome:
    """Compile by one strategy, up to the trial's limit."""
    reached = 0

    def check(nodes: int, fraction: float) -> None:
        nonlocal reached
        reached = nodes
        if nodes > trial.limit:
            raise _OutgrownError
        report(Progress(nodes, fraction))

    try:
        return compile_diagrams(problem.graph, problem.roots, trial.strategy, check)
    except _OutgrownError:
        return Outgrown(reached)
