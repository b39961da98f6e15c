"""A compiled query template: everything its evaluation needs, with no reference to the program it came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from problog.logic import Constant, Term
from torch import Tensor

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.circuits.compile import compile_graph
from gedi_nesy.logic.circuits.compress import compress
from gedi_nesy.logic.circuits.evaluate import Evaluator
from gedi_nesy.logic.circuits.evidence import ImpossibleEvidenceError, check_possible
from gedi_nesy.logic.circuits.layers import LayeredCircuit, layer_graph
from gedi_nesy.logic.circuits.leaves import LeafWeights
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.logic.grounding.front_end import FrontEnd, image_term
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, Variable
from gedi_nesy.logic.grounding.ground import Grounding, Request, ground
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.neural import NeuralPredicate

Evaluate = Callable[[Sequence[Tensor], int, Tensor], Tensor]
"""From the slots' log-probabilities, the batch size and a tensor of the right dtype and device to (batch,
root).
"""

EvaluatorClass = Callable[[LayeredCircuit], Callable[[Tensor], Tensor]]
"""From a circuit to what evaluates it: leaf log-probabilities (leaf, batch) to root log-probabilities (batch,
root). `Evaluator` is ours; an engine may bring another.
"""


@dataclass(frozen=True)
class Report:
    """Sizes and times of one compilation, for people; `strategy` is the compiler's, if there was need of one.

    `seconds` are all, `grounding_seconds` those before compiling.
    """

    ground_nodes: int
    route: str
    seconds: float
    strategy: str = ""
    grounding_seconds: float = 0.0


@dataclass(frozen=True)
class Template:
    """A layered circuit, what its leaves weigh, and what its roots mean; the last root is the evidence if there is
    any.
    """

    circuit: LayeredCircuit
    variables: tuple[Variable, ...]
    slots: tuple[Slot, ...]
    answers: tuple[Any, ...]
    conditional: bool
    report: Report
    evidence: str = ""


def compile_template(
    front_end: FrontEnd, request: Request, predicates: Sequence[NeuralPredicate], watch: Watch
) -> Template:
    """Ground, compile, and lay out in layers; ProgramError where the evidence cannot hold."""
    grounding = ground(front_end, request, predicates, watch)
    grounded = watch.seconds
    answers, nodes = _answers(request, grounding)
    graph = grounding.graph
    conditional = grounding.evidence != TRUE
    roots = [graph.conjunction([node, grounding.evidence]) for node in nodes]
    compiled = compress(compile_graph(graph, [*roots, grounding.evidence], watch), watch)
    *found, evidence = compiled.roots
    if evidence == FALSE:
        raise ProgramError(f"{front_end.source.name}: the evidence {_evidence(request)} contradicts itself")
    kept = [i for i, root in enumerate(found) if request.keep_false or root != FALSE]
    found = [found[i] for i in kept] + ([evidence] if conditional else [])
    return Template(
        circuit=layer_graph(compiled.graph, found),
        variables=tuple(graph.variables),
        slots=tuple(grounding.slots),
        answers=tuple(answers[i] for i in kept),
        conditional=conditional,
        report=Report(len(graph), compiled.route, watch.seconds, compiled.strategy, grounded),
        evidence=_evidence(request) if conditional else "",
    )


def _evidence(request: Request) -> str:
    """The evidence as the query names its images."""
    names = {image_term(index): Term(name) for index, name in enumerate(request.images)}
    evidence = ", ".join(str(term.apply_term(names)) for term in request.evidence)
    return f"{evidence} of {request.text}" if request.images else evidence


def _answers(request: Request, grounding: Grounding) -> tuple[list[Any], list[int]]:
    if request.merge:
        return list(request.queries), [grounding.graph.disjunction(node for _, node in grounding.roots)]
    roots = dict(grounding.roots)
    terms = sorted(roots, key=sort_key)
    return terms, [roots[term] for term in terms]


def sort_key(term: Any) -> tuple:
    """Terms by name, then argument by argument: numbers by value before everything else, that as written."""
    return (str(term.functor), term.arity, *map(_argument_key, term.args))


def _argument_key(argument: Any) -> tuple:
    if isinstance(argument, Constant) and isinstance(argument.value, int | float):
        return 0, argument.value, ""
    return 1, 0, str(argument)


def circuit_evaluate(
    template: Template,
    learnable: Callable[[], Float[Tensor, "fact two"]],
    evaluator_class: EvaluatorClass = Evaluator,
) -> Evaluate:
    """Evaluation by the template's circuit, on whatever device and in whatever floating dtype the networks
    answer.
    """
    evaluator = evaluator_class(template.circuit)
    weights = LeafWeights(template.variables, template.circuit.leaves)

    def evaluate(outputs: Sequence[Tensor], batch: int, like: Tensor) -> Float[Tensor, "batch root"]:
        leaves = weights(outputs, learnable().to(like), batch, like)
        roots = evaluator(leaves)
        if not template.conditional:
            return roots
        check_possible(template.evidence, evaluator, leaves, roots[:, -1])
        return roots[:, :-1] - roots[:, -1:]

    return evaluate


def align(template: Template, found: Sequence[object], wanted: Sequence[object]) -> Template:
    """The template with a root for every wanted answer; those that are not found are false."""
    column = dict(zip(found, template.circuit.roots, strict=False))
    roots = [column.get(answer, False) for answer in wanted]
    if template.conditional:
        roots.append(template.circuit.roots[-1])
    return replace(template, circuit=replace(template.circuit, roots=roots))


def check_uncertain(text: str, template: Template, evaluate: Evaluate) -> None:
    """Refuse a query whose probability no image can change, found by trying random network outputs."""
    if not template.answers:
        raise ProgramError(f"{text} has no proof: it is false whatever the images show")
    generator = torch.Generator().manual_seed(0)
    rows = [
        torch.rand(2, max(2, len(slot.domain)), generator=generator, dtype=torch.float64)
        for slot in template.slots
    ]
    outputs = [torch.log(row / row.sum(1, keepdim=True)) for row in rows]
    try:
        found = evaluate(outputs, 2, torch.zeros(2, 1, dtype=torch.float64))
    except ImpossibleEvidenceError as error:
        raise ImpossibleEvidenceError(error.evidence, error.rows, " whatever the images show") from None
    if (found > -1e-9).all():
        raise ProgramError(f"{text} is certain: it is true whatever the images show")
