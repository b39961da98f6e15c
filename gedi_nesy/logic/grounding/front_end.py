"""A program inside DeepProbLog's own front end: its parser's output, its engine, ProbLog's grounder."""

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from problog.cycles import break_cycles
from problog.formula import LogicDAG, LogicFormula
from problog.logic import Constant, Term, Var
from problog.program import SimpleProgram
from torch import nn

from gedi_nesy.logic.budget import DEFAULT_BUDGET, Budget, Watch
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.language.deepproblog_api import ExactEngine, Model
from gedi_nesy.logic.language.deepproblog_api import Network as DeepProbLogNetwork
from gedi_nesy.logic.language.deepproblog_api import Query as DeepProbLogQuery
from gedi_nesy.logic.language.guarded_builtins import arithmetic_value
from gedi_nesy.logic.language.guarded_engine import guarded_engine
from gedi_nesy.logic.language.problog_errors import ProblogErrors
from gedi_nesy.logic.language.sandbox import Guard
from gedi_nesy.logic.language.source import defined_predicates, places
from gedi_nesy.logic.language.weights import check_weights


def image_term(index: int) -> Term:
    """What stands for the `index`-th image of a query, as a DeepProbLog user would write it."""
    return Term("tensor", Term("image", Constant(index)))


def substitute(term: Any, names: Mapping[str, Term]) -> Any:
    """The term with the named variables replaced, and all others left alone."""
    return term.apply_term({Var(name): value for name, value in names.items()})


def binding(pattern: Any, ground: Any, name: str) -> Any:
    """What the variable of that name is bound to in a ground instance of the pattern."""
    pairs = [(pattern, ground)]
    while pairs:
        left, right = pairs.pop()
        if left.is_var() and str(left) == name:
            return right
        pairs.extend(zip(left.args, right.args, strict=False))
    raise AssertionError(f"{name} is a variable of {pattern}")


class FrontEnd:
    """A program that can ground queries; `modules` are called only when DeepProbLog's own solver evaluates
    them.
    """

    def __init__(
        self,
        guard: Guard,
        statements: Iterable[Any],
        modules: Mapping[str, nn.Module],
        budget: Budget = DEFAULT_BUDGET,
        **solver: Any,
    ):
        self.source = guard.source
        self.model = Model(
            "", [DeepProbLogNetwork(module, name) for name, module in modules.items()], load=False
        )
        self.engine = guarded_engine(guard)
        self.budget = budget
        with self._errors("load"):
            self.model.program = SimpleProgram()
            for statement in statements:
                self.model.program.add_statement(statement)
            self.exact = ExactEngine(self.model)
            self.exact.engine = self.engine
            # Directives are run here.
            with self._running("running its directives", budget):
                self.model.set_engine(self.exact, **solver)
        assert self.model.solver is not None
        self.solver = self.model.solver

    def ground(self, queries: Iterable[Term], evidence: Iterable[Term], watch: Watch) -> LogicFormula:
        """All queries and evidence (negated terms are evidence against) in one formula, so that they share
        nodes.
        """
        formula = _Watched(watch)
        labels = (LogicFormula.LABEL_QUERY, queries), (LogicFormula.LABEL_EVIDENCE_POS, evidence)
        self.engine.begin(watch, self.solver.program)
        try:
            with self._errors("ground"):
                for label, terms in labels:
                    for term in terms:
                        self.engine.ground(self.solver.program, term, formula, label=label)
        finally:
            self.engine.begin(None)
        check_weights(formula, self.source)
        return formula

    def without_cycles(self, formula: LogicFormula, watch: Watch) -> LogicFormula:
        """ProbLog's own cycle breaking, for programs that are recursive in circles."""
        watch.enter("breaking cycles")
        with self._errors("break the cycles of"):
            return break_cycles(formula, _WatchedDAG(watch))

    def solve(self, query: Term, substitution: Mapping[Term, Term] | None = None) -> dict[Any, Any]:
        """DeepProbLog's own answer to one query: probabilities by ground term."""
        with self._errors("solve"), warnings.catch_warnings():
            # Its semiring compares tensors that require gradients with 0 and 1, which torch warns about.
            warnings.simplefilter("ignore", UserWarning)
            return self.solver.solve([DeepProbLogQuery(query, dict(substitution or {}))])[0].result

    def own_queries(self, budget: Budget | None = None) -> list[Term]:
        """The terms of the program's own query(...) facts."""
        return [row[0] for row in self._facts("query", 1, budget)]

    def own_evidence(self, budget: Budget | None = None) -> list[Term]:
        """The program's own evidence(...), negated where it is evidence(..., false) or evidence(\\+ ...)."""
        found = [row[0] for row in self._facts("evidence", 1, budget)]
        for term, value in self._facts("evidence", 2, budget):
            if str(value) not in ("true", "false"):
                raise ProgramError(f"{self.source.name}: evidence({term}, {value}) must be true or false")
            found.append(term if str(value) == "true" else -term)
        return found

    def own_utilities(self, budget: Budget | None = None) -> dict[Term, float]:
        """The program's own utility(atom, value), a number for each atom."""
        found: dict[Term, float] = {}
        for term, value in self._facts("utility", 2, budget):
            with self._errors("ground"):
                number = arithmetic_value(value)
            if not isinstance(number, int | float) or found.get(term, number) != number:
                raise ProgramError(
                    f"{self.source.name}: utility({term}, {value}) must be the one number of its atom"
                )
            found[term] = float(number)
        return found

    def _facts(self, name: str, arity: int, budget: Budget | None) -> list[Any]:
        with self._errors("ground"), self._running(f"{name}(...)", budget or self.budget):
            self.engine.begin(self.engine.watch, self.solver.program)
            found = self.engine.query(self.solver.program, Term(name, *[None] * arity))
        for row in found:
            if not isinstance(row[0], Term) or isinstance(row[0], Constant):
                goal = f"a number, {row[0]}" if isinstance(row[0], Constant) else "a variable"
                raise ProgramError(
                    f"{self.source.name}: {name}(...) is given {goal}; it takes a goal, as in a(X)"
                )
        return found

    @contextlib.contextmanager
    def _running(self, what: str, budget: Budget) -> Iterator[None]:
        with Watch(self.source.name, what, budget) as watch:
            self.engine.begin(watch)
            try:
                yield
            finally:
                self.engine.begin(None)

    def _errors(self, doing: str) -> ProblogErrors:
        source = self.source
        return ProblogErrors(source.name, source.path, doing, lambda: places(source), self.defined_predicates)

    def defines(self, goal: Any) -> bool:
        """Whether any clause, of the program or of a file or library it loads, defines the goal's
        predicate.
        """
        database: Any = self.solver.program
        index = database.find(goal)
        if index is None or index < 0:
            return False
        node = database.get_node(index)
        return bool(getattr(node, "children", True))

    def defined_predicates(self) -> set[str]:
        """name/arity of every predicate that the program's text defines."""
        return defined_predicates(self.source)


class _Watched(LogicFormula):
    """A formula that reports its size as it grows; those that findall makes of its class do not."""

    _LABELS = (LogicFormula.LABEL_QUERY, LogicFormula.LABEL_EVIDENCE_POS)

    def __init__(self, watch: Watch | None = None, **kwargs: Any):
        super().__init__(**{"keep_order": True, **kwargs})
        self._watch = watch
        self._added = self._visits = 0

    def add_name(self, name: Any, key: Any, label: Any = None, keep_name: bool = False) -> None:
        """A query that is a single choice must not rename that choice."""
        super().add_name(name, key, label, keep_name=keep_name or label in self._LABELS)

    def _add(self, *args: Any, **kwargs: Any) -> int:
        index = super()._add(*args, **kwargs)
        self._added += 1
        if self._watch is not None and self._added % 256 == 0:
            self._watch.check(len(self))
        return index

    def get_node(self, key: int) -> Any:
        """Cycle breaking may come by the same few nodes for ever, and add none."""
        self._visits += 1
        if self._watch is not None and self._visits % 128 == 0:
            self._watch.check(self._watch.nodes)
        return super().get_node(key)


class _WatchedDAG(_Watched, LogicDAG):
    """The same for what is left when cycles are broken."""
