"""Neural predicates: what `nn(...) ::` says in a program, and what a network must offer behind it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from problog.logic import AnnotatedDisjunction, Clause, Constant, Term, is_variable, term2list
from torch import Tensor

from gedi_nesy.logic.errors import ProgramError, did_you_mean
from gedi_nesy.logic.language.source import Source, where_of
from gedi_nesy.logic.language.statements import heads_of


@runtime_checkable
class LogProbs(Protocol):
    """A network that gives log-probabilities itself; any other callable is taken to return probabilities."""

    def log_probs(self, x: Tensor, /) -> Tensor: ...


Network = LogProbs | Callable[..., Tensor]

KINDS = {2: "fact", 3: "tensor", 4: "choice"}
"""By the number of arguments of `nn`: P(fact); an output tensor as a term; one value of a domain."""


@dataclass(frozen=True)
class NeuralPredicate:
    """One `nn(network, inputs, ...) :: name(...)` of the program; `domain` is empty unless kind is
    `choice`.
    """

    name: str
    arity: int
    network: str
    kind: str
    domain: tuple[Term, ...]
    file: str
    line: int

    @property
    def where(self) -> str:
        """FILE:LINE, or FILE alone."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        domain = f" in [{', '.join(map(str, self.domain))}]" if self.domain else ""
        return f"{self.name}/{self.arity} <- {self.network}{domain}"


def neural_predicates(source: Source) -> tuple[NeuralPredicate, ...]:
    """All neural predicates of a program, in the order of the text."""
    return tuple(
        _neural_predicate(source, statement, head)
        for statement in source.statements
        for head in heads_of(statement)
        if isinstance(head.probability, Term) and head.probability.functor == "nn"
    )


def _neural_predicate(source: Source, statement: Any, head: Any) -> NeuralPredicate:
    declaration = head.probability
    where = where_of(source, statement)
    if declaration.arity not in KINDS:
        raise ProgramError(
            f"{where}: nn takes 2 arguments (a fact), 4 (network, inputs, output, domain: a choice)"
            f" or 3 (a tensor), found {declaration.arity}"
        )
    network, inputs = declaration.args[:2]
    if is_variable(network):
        raise ProgramError(
            f"{where}: the network of '{head.functor}' must be a name, not the variable {network}"
        )
    if not _is_list(inputs):
        raise ProgramError(
            f"{where}: the inputs of network '{network}' must be a list such as [X], found {inputs}"
        )
    if declaration.arity == 4 and head is not statement and not isinstance(statement, Clause):
        raise ProgramError(
            f"{where}: a neural choice is a whole disjunction and cannot share one with other heads"
        )
    if declaration.arity == 3 and isinstance(statement, Clause):
        raise ProgramError(f"{where}: a neural predicate that returns a tensor cannot have conditions")
    domain: tuple[Term, ...] = ()
    if declaration.arity == 4:
        if not _is_list(declaration.args[3]):
            raise ProgramError(
                f"{where}: the domain of '{head.functor}' must be a list, found {declaration.args[3]}"
            )
        domain = tuple(term2list(declaration.args[3], deep=False))
    return NeuralPredicate(
        name=str(head.functor),
        arity=head.arity,
        network=str(network),
        kind=KINDS[declaration.arity],
        domain=domain,
        file=source.name,
        line=source.line_of(statement),
    )


def expand_conditional(statement: Any) -> Any:
    """`nn(..., domain) :: head :- body` as an annotated disjunction; DeepProbLog expands it only without a
    body.

    Left to itself it takes the whole disjunction for one fact with the probability of the first value.
    """
    head = statement.head if isinstance(statement, Clause) else None
    declaration = getattr(head, "probability", None)
    if head is None or declaration is None or declaration.functor != "nn" or declaration.arity != 4:
        return statement
    network, inputs, output, domain = declaration.args
    heads = []
    for index, value in enumerate(term2list(domain, deep=False)):
        choice = head.with_probability(Term("nn", network, inputs, Constant(index)))
        heads.append(choice.apply_term({output: value}))
    return AnnotatedDisjunction(heads, statement.body)


def _is_list(term: object) -> bool:
    return isinstance(term, Term) and (term.functor == "." or term == Term("[]"))


def check_networks(predicates: tuple[NeuralPredicate, ...], networks: Mapping[str, Network]) -> None:
    """Every network named in the program is given, and has as many outputs as its domain where it tells
    (`num_clusters`).
    """
    for predicate in predicates:
        where = predicate.where
        if predicate.network not in networks:
            hint = did_you_mean(predicate.network, networks) if networks else "; none are given"
            raise ProgramError(
                f"{where}: no network named '{predicate.network}' is given for {predicate.name}{hint}"
            )
        outputs = getattr(networks[predicate.network], "num_clusters", None)
        if isinstance(outputs, int):
            check_domain(predicate, outputs)


def check_domain(predicate: NeuralPredicate, outputs: int) -> None:
    """The domain of a choice has one value per output of its network; a fact has one output, or two of
    which it is the first.
    """
    if predicate.kind == "choice" and len(predicate.domain) != outputs:
        raise ProgramError(
            f"{predicate.where}: {size_mismatch(predicate.name, predicate.domain, predicate.network, outputs)}"
        )
    if predicate.kind == "fact" and outputs > 2:
        raise ProgramError(
            f"{predicate.where}: {size_mismatch(predicate.name, (), predicate.network, outputs)}"
        )


def size_mismatch(predicate: str, domain: tuple[Term, ...], network: str, outputs: int) -> str:
    """What is wrong with a network whose outputs do not fit a neural predicate; no domain means a fact."""
    if domain:
        return f"the domain of {predicate} has {len(domain)} values but network '{network}' has {outputs} outputs"
    return f"{predicate} is a fact, with 1 output (or 2, true and false), but network '{network}' has {outputs} outputs"


def call_network(
    network: Network, name: str, predicate: str, inputs: list[Tensor]
) -> Float[Tensor, "batch output"]:
    """Log-probabilities of a whole batch, for a predicate that errors name; probabilities p become log(p + tiny)."""
    with reading(name, inputs):
        if isinstance(network, LogProbs):
            return network.log_probs(*inputs)
        probabilities = network(*inputs)
    return log_of_probabilities(probabilities, name, predicate)


@contextmanager
def reading(name: str, inputs: Sequence[object]) -> Iterator[None]:
    """Within, a network that cannot compute with these inputs is a ProgramError that names it."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        shapes = ", ".join(str(tuple(x.shape[1:])) if isinstance(x, Tensor) else repr(x) for x in inputs)
        reason = str(error).strip().splitlines()[0]
        raise ProgramError(f"network '{name}' cannot read images of shape {shapes}: {reason}") from error


def log_of_probabilities(probabilities: Tensor, name: str, predicate: str) -> Tensor:
    """log(p + tiny): finite with a finite gradient at 0; ProgramError for a negative p."""
    smallest = probabilities.detach().min() if probabilities.numel() else probabilities.new_zeros(())
    if smallest < 0:
        raise ProgramError(
            f"network '{name}', asked for by {predicate}, returned {float(smallest):.4g}, which is no probability;"
            " end it in a softmax, or give it log_probs"
        )
    return torch.log(probabilities + torch.finfo(probabilities.dtype).tiny)
