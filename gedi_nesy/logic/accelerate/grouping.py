"""Batches of DeepProbLog queries sorted by template, each template compiled once.

Queries that differ only in a constant output, as the labels of a training set do, share one template where the
program allows it: the query with its output left open, of which each row then takes its own answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from problog.logic import Constant, Term, Var, unquote
from torch import Tensor

from gedi_nesy.logic.budget import Budget, Watch
from gedi_nesy.logic.circuits.template import Evaluate, Template, circuit_evaluate, compile_template
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.front_end import FrontEnd, image_term
from gedi_nesy.logic.grounding.ground import Request
from gedi_nesy.logic.language.deepproblog_api import Query as DeepProbLogQuery
from gedi_nesy.logic.language.neural import neural_predicates
from gedi_nesy.logic.language.source import subterms

OPEN_BUDGET = Budget(seconds=20.0, nodes=500_000)
"""What compiling a query with its output left open may cost before every label is compiled for itself."""

_NOT_LOGICAL = frozenset(
    [
        "var/1",
        "nonvar/1",
        "ground/1",
        "atom/1",
        "atomic/1",
        "compound/1",
        "callable/1",
        "number/1",
        "integer/1",
        "float/1",
        "rational/1",
        "is_list/1",
        "simple/1",
        "==/2",
        "\\==/2",
        "\\=/2",
        "@</2",
        "@>/2",
        "@=</2",
        "@>=/2",
        "compare/3",
        "findall/3",
        "all/3",
        "all_or_none/3",
        "forall/2",
        "subquery/2",
        "subquery/3",
        "try_call/1",
        "->/2",
        "!/0",
    ]
)
"""Predicates whose answer may depend on whether an argument is bound already."""


class Compiled(NamedTuple):
    """A template, and what it shares with all that have the same circuit over networks of the same names."""

    template: Template
    evaluate: Evaluate
    signature: Any
    columns: dict[Any, int]
    """where its answers stand among its roots"""


class Member(NamedTuple):
    """A query of a batch: where it stands in it, the term it asks for, and its images."""

    position: int
    term: Any
    template: Template
    images: list[Term]
    column: int | None
    """of its answer, where the template has more than one"""


@dataclass
class Group:
    """The queries of a batch that one evaluation answers: their circuits are the same, what networks read is not."""

    template: Template
    evaluate: Evaluate
    members: list[Member] = field(default_factory=list)


class Grouping:
    """All shapes of one model."""

    def __init__(self, front_end: FrontEnd, budget: Budget, learnable: Callable[[], Tensor]):
        self.front_end = front_end
        self.budget = budget
        self.learnable = learnable
        self.predicates = neural_predicates(front_end.source)
        self.evidence = tuple(front_end.own_evidence())
        self.may_leave_open = outputs_may_be_left_open(front_end.source.statements)
        self.compiled: dict[Any, Compiled | None] = {}
        self._evaluates: dict[Any, Evaluate] = {}
        self._found: dict[Any, tuple[int | None, Compiled]] = {}

    def groups(self, batch: Sequence[DeepProbLogQuery]) -> list[Group]:
        """The batch by circuit; a group's first query decides nothing but its place."""
        groups: dict[Any, Group] = {}
        for position, query in enumerate(batch):
            images: dict[Any, int] = {}
            term = query.substitute().query
            abstract = with_image_terms(term, images)
            key = abstract, tuple(query.output_ind)
            if key not in self._found:
                self._found[key] = self._find(*key, len(images))
            column, compiled = self._found[key]
            group = groups.setdefault(compiled.signature, Group(compiled.template, compiled.evaluate))
            group.members.append(Member(position, term, compiled.template, list(images), column))
        return list(groups.values())

    def _find(self, abstract: Any, outputs: Sequence[int], images: int) -> tuple[int | None, Compiled]:
        """The template for a query, and the column of its answer if the template has its output left open."""
        if self.may_leave_open and abstract.args and abstract.is_ground():
            opened = _leave_open(abstract, outputs)
            compiled = self._compile(opened, images, replace(OPEN_BUDGET), give_up=True) if opened else None
            if compiled is not None and abstract in compiled.columns:
                return compiled.columns[abstract], compiled
        compiled = self._compile(abstract, images, self.budget, give_up=False)
        assert compiled is not None
        return None, compiled

    def _compile(self, abstract: Any, images: int, budget: Budget, give_up: bool) -> Compiled | None:
        if abstract not in self.compiled:
            names = tuple(f"Image{i}" for i in range(images))
            request = Request(
                str(abstract), (abstract,), self.evidence, names, merge=False, keep_false=abstract.is_ground()
            )
            try:
                with Watch("model", request.text, budget) as watch:
                    template = compile_template(self.front_end, request, self.predicates, watch)
                self.compiled[abstract] = self._shared(template)
            except ProgramError:
                if not give_up:
                    raise
                self.compiled[abstract] = None
        return self.compiled[abstract]

    def _shared(self, template: Template) -> Compiled:
        signature = _signature(template)
        if signature not in self._evaluates:
            self._evaluates[signature] = circuit_evaluate(template, self.learnable)
        columns = {answer: column for column, answer in enumerate(template.answers)}
        return Compiled(template, self._evaluates[signature], signature, columns)


def _signature(template: Template) -> Any:
    """Equal for templates whose evaluations are the same function of what networks say."""
    circuit = template.circuit
    layers = tuple(
        (layer.bags.tobytes(), layer.offsets.tobytes(), layer.blocks, layer.plain) for layer in circuit.layers
    )
    leaves = tuple((template.variables[variable].weights, value) for variable, value in circuit.leaves)
    slots = tuple((slot.network, slot.predicate, slot.domain) for slot in template.slots)
    return layers, leaves, tuple(circuit.roots), slots, template.conditional, template.evidence


def outputs_may_be_left_open(statements: Sequence[Any]) -> bool:
    """Whether a query means the same with a constant and with a variable that is then bound to it.

    True of pure clauses; what looks at whether a variable is bound, or negates a goal that has variables,
    may differ.
    """
    for statement in statements:
        for term in subterms(statement):
            name = unquote(str(term.functor))
            if f"{name}/{term.arity}" in _NOT_LOGICAL or (name in ("\\+", "not") and not term.is_ground()):
                return False
    return True


def _leave_open(abstract: Any, outputs: Sequence[int]) -> Any:
    arguments = list(abstract.args)
    for output in outputs:
        if not isinstance(arguments[output], Constant):
            return None
        arguments[output] = Var(f"Output{output % len(arguments)}")
    return abstract.with_args(*arguments)


def with_image_terms(term: Any, images: dict[Any, int]) -> Any:
    """The term with every tensor(...) replaced by an image, numbered as they are met; the same tensor is
    one image.
    """
    if not isinstance(term, Term) or term.is_var() or isinstance(term, Constant):
        return term
    if term.functor == "tensor":
        return image_term(images.setdefault(term, len(images)))
    return (
        term.with_args(*(with_image_terms(argument, images) for argument in term.args)) if term.args else term
    )


def bound(inputs: Sequence[Term], images: Sequence[Term]) -> tuple:
    """A slot's inputs with the images of one query in place of the image terms."""
    names = {image_term(i): image for i, image in enumerate(images)}
    return tuple(names.get(term, term) for term in inputs)
