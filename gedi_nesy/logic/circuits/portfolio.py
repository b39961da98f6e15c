"""Which compiler: variable elimination, and decision diagrams over several orders of variables and vtrees.

Any of them may be exponentially smaller than the others. Of elimination it is estimated beforehand how large it
becomes, and it comes first where that is linear in the size of the graph. Of diagrams it cannot be told, so
they are tried in turn under growing limits, which costs little more than the best one would.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.diagrams.decision_diagram import Diagrams, Strategy, encoding_width
from gedi_nesy.logic.circuits.diagrams.order import Order, orders
from gedi_nesy.logic.circuits.diagrams.process import DiagramProcess, Died, OutOfTime
from gedi_nesy.logic.circuits.diagrams.trials import Outgrown, Problem, Trial, run
from gedi_nesy.logic.circuits.elimination.eliminate import Plan, plan_elimination, try_elimination
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.graph import Graph

LIMITS = (30_000, 300_000)
"""SDD nodes that each strategy is allowed at first; the last limit is the budget's."""

SMALL_LIMIT = 3_000
"""SDD nodes up to which this process compiles by itself: no operation on diagrams so small takes long."""

SMALL_WIDTH = 150
"""SDD variables up to which this process compiles by itself: PySDD's recursion is as deep as a vtree, and a
tenth of a megabyte of stack is enough for these.
"""

LEAST_SECONDS = 2.0
"""What a trial gets in any case, so that a short budget is not all spent on starting processes."""

WORTH_COMPARING = 2_000
"""Edges from which on the other vtree is tried as well after the first diagram that fits."""

LINEAR = 4
"""Edges a node of the ground graph up to which an elimination is good enough not to be compared."""


@dataclass(frozen=True)
class Chosen:
    """The circuits of the roots, and the strategy they are from."""

    diagrams: Diagrams
    strategy: Strategy | Plan


def choose_circuit(graph: Graph, roots: Sequence[int], watch: Watch) -> Chosen:
    """The smallest circuit found for the roots; TooLargeError if none fits the budget."""
    watch.enter("variable elimination")
    plan = plan_elimination(graph, roots, lambda: watch.check(watch.nodes))
    started = watch.seconds
    first = _eliminated(plan, graph, watch) if plan is not None and plan.easy else None
    taken = watch.seconds - started
    size = len(graph.reachable(roots))
    if first is not None and WORTH_COMPARING <= first.diagrams.edges <= LINEAR * size:
        return first
    watch.enter("decision diagram")
    problem = Problem(graph, list(roots))
    found = orders(graph, roots, lambda: watch.check(0))
    width = sum(encoding_width(len(graph.variables[v].weights)) for v in found[0].variables)
    if width <= SMALL_WIDTH:
        limit = min(SMALL_LIMIT, watch.budget.nodes)
        for trial in _trials(found if first is None else found[:1], [limit]):
            outcome = run(problem, trial, lambda progress: watch.check(progress.nodes))
            if isinstance(outcome, Diagrams):
                rival = Chosen(outcome, trial.strategy)
                return rival if first is None or outcome.edges < first.diagrams.edges else first
    limits = [limit for limit in LIMITS if limit < watch.budget.nodes] + [watch.budget.nodes]
    trials = _trials(found, limits)
    if first is not None:
        return _compared(problem, first, trials[0], taken, watch)
    return _in_a_process(problem, trials, None if plan is None or plan.easy else plan, watch)


def _eliminated(plan: Plan, graph: Graph, watch: Watch) -> Chosen | None:
    """The outcome of variable elimination, which gets half of the time that is left, if it is not easy."""
    left = watch.budget.seconds - watch.seconds
    seconds = left if plan.easy else max(LEAST_SECONDS, left / 2)
    found = try_elimination(plan, graph, seconds, watch)
    return None if found is None else Chosen(Diagrams(*found), plan)


def _trials(orders: Sequence[Order], limits: Sequence[int]) -> list[Trial]:
    """Each order over each vtree, under limits that grow; the less promising order lags one limit behind."""
    trials = [
        ((level + handicap, handicap), Trial(Strategy(order.name, order.variables, balanced), limit))
        for level, limit in enumerate(limits)
        for handicap, order in enumerate(orders)
        for balanced in (False, True)
    ]
    return [trial for _, trial in sorted(trials, key=lambda pair: pair[0])]


def _in_a_process(problem: Problem, trials: Sequence[Trial], plan: Plan | None, watch: Watch) -> Chosen:
    """Every trial in turn gets its share of what is left of the time; a plan comes before the second limit."""
    failures: list[Outgrown | Died | OutOfTime] = []
    with DiagramProcess(problem) as process:
        for position, trial in enumerate(trials):
            if plan is not None and trial.limit > trials[0].limit:
                watch.enter("variable elimination")
                if (chosen := _eliminated(plan, problem.graph, watch)) is not None:
                    return chosen
                watch.enter("decision diagram")
                plan = None
            started = watch.seconds
            share = max(LEAST_SECONDS, (watch.budget.seconds - started) / (len(trials) - position))
            outcome = process.run(trial, share, watch)
            if isinstance(outcome, Diagrams):
                rival = trials[position + 1] if not trial.strategy.balanced else None
                first = Chosen(outcome, trial.strategy)
                return _smaller(process, first, rival, min(share, watch.seconds - started), watch)
            failures.append(outcome)
    deaths = [failure.reason for failure in failures if isinstance(failure, Died)]
    if len(deaths) == len(failures):
        raise ProgramError(f"{watch.program}: {watch.query}: the SDD compiler died ({deaths[0]})")
    if isinstance(failures[-1], OutOfTime):
        watch.give_up(f"more than {watch.budget.seconds:g} seconds")
    watch.give_up(f"more than {watch.budget.nodes:,} nodes")


def _compared(problem: Problem, first: Chosen, rival: Trial, seconds: float, watch: Watch) -> Chosen:
    """What elimination has found, or a diagram if it is smaller and to be had in the same time."""
    with DiagramProcess(problem) as process:
        return _smaller(process, first, rival, max(seconds, LEAST_SECONDS), watch)


def _smaller(
    process: DiagramProcess, first: Chosen, rival: Trial | None, seconds: float, watch: Watch
) -> Chosen:
    """The first circuit, or the rival's if it is smaller and to be had in so many seconds."""
    if rival is None or first.diagrams.edges < WORTH_COMPARING:
        return first
    outcome = process.run(rival, seconds, watch)
    if isinstance(outcome, Diagrams) and outcome.edges < first.diagrams.edges:
        return Chosen(outcome, rival.strategy)
    return first
