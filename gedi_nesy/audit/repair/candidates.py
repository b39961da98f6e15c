"""What could be added: queries of the kinds that there are, and queries of one more rule, each with what it says."""

import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from problog.logic import Constant, Term, Var

from gedi_nesy.audit.constraints import QueryConstraint
from gedi_nesy.audit.labelled_queries import MapVariable, constraints_of, slots_of
from gedi_nesy.audit.tables import Domains, TableConstraint
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.grounding.image_arguments import constants_of, image_places, with_constants
from gedi_nesy.logic.language.neural import NeuralPredicate
from gedi_nesy.logic.language.source import parse_query
from gedi_nesy.logic.program import Program

MOST = 2000
"""Queries that are looked at, of one kind."""

AT_ONCE = 50
"""Of these, ground together."""


@dataclass(frozen=True)
class Candidate:
    """A query that holds for the true symbols."""

    text: str
    constraint: QueryConstraint


class More(NamedTuple):
    """Candidates, and whether there are others that were not looked at."""

    candidates: tuple[Candidate, ...] = ()
    complete: bool = True


def more_queries(
    program: Program,
    queries: Sequence[Term],
    variables: Sequence[MapVariable],
    truth: Domains,
    watch: Watch,
    until: float,
) -> More:
    """Queries like those that there are, with other symbols that occur, and what then is true in place of the rest.

    They are ground a few at a time, in an order drawn with a fixed seed, until it is later than `until`.
    """
    kinds: dict[str, tuple[Term, list[int]]] = {}
    for query in queries:
        shape = str(with_constants(query, itertools.repeat(Constant(0))))
        if shape not in kinds:
            kinds[shape] = query, image_places(query, lambda probe: slots_of(program, probe, watch))
    asked: dict[Term, None] = {}
    complete = True
    for query, images in kinds.values():
        instances = list(itertools.islice(_instances(program, query, images, variables, watch), MOST + 1))
        complete = complete and len(instances) <= MOST
        asked.update(dict.fromkeys(instances[:MOST]))
    there = {str(query) for query in queries}
    order = list(asked)
    random.Random(0).shuffle(order)
    candidates: list[Candidate] = []
    for start in range(0, len(order), AT_ONCE):
        if time.monotonic() > until:
            complete = False
            break
        found = constraints_of(program, order[start : start + AT_ONCE], variables, watch)
        candidates += [
            Candidate(str(term), constraint)
            for term, constraint in found
            if str(term) not in there and constraint.narrow(truth) is not None
        ]
    return More(tuple(sorted(candidates, key=lambda each: each.text)), complete)


def _instances(
    program: Program, query: Term, images: Sequence[int], variables: Sequence[MapVariable], watch: Watch
) -> Iterator[Term]:
    """The query with all combinations of symbols as its images, and variables for its other constants."""
    constants = list(constants_of(query))
    networks: dict[Term, set[str]] = {}
    probe = [Term("image", Constant(i)) if i in images else term for i, term in enumerate(constants)]
    for slot in slots_of(program, with_constants(query, probe), watch):
        for each in slot.inputs:
            networks.setdefault(each, set()).add(slot.network)
    symbols = [
        [term for term in _symbols(variables) if _read(variables, networks.get(probe[i], set()), term)]
        for i in images
    ]
    for chosen in itertools.product(*symbols):
        new: list[Term] = [Var(f"V{i}") for i in range(len(constants))]
        for place, symbol in zip(images, chosen, strict=True):
            new[place] = symbol
        yield with_constants(query, new)


def _symbols(variables: Sequence[MapVariable]) -> list[Term]:
    # what several images show together is no symbol of one
    names = dict.fromkeys(variable.symbol for variable in variables if "," not in variable.symbol)
    return [Constant(int(name)) if name.lstrip("-").isdigit() else parse_query(name) for name in names]


def _read(variables: Sequence[MapVariable], networks: Iterable[str], symbol: Term) -> bool:
    """Every network that reads the place is known to read the symbol."""
    pairs = {(variable.network, variable.symbol) for variable in variables}
    return all((network, str(symbol)) in pairs for network in networks)


@dataclass(frozen=True)
class Relation:
    """A rule that programs may be given more: `name`_p over the images that a neural predicate p reads."""

    name: str
    condition: str
    holds: Callable[..., Bool[np.ndarray, "..."]]
    numbers: bool = True


RELATIONS = (
    Relation("even", "0 is X mod 2", lambda x: x % 2 == 0),
    Relation("odd", "1 is X mod 2", lambda x: x % 2 == 1),
    Relation("less", "X < Y", lambda x, y: x < y),
    Relation("next", "Y is X + 1", lambda x, y: y == x + 1),
    Relation("same", "X = Y", lambda x, y: x == y, numbers=False),
    Relation("differ", "X \\= Y", lambda x, y: x != y, numbers=False),
)


@dataclass(frozen=True)
class Rule:
    """One more rule, and the queries of it that are true."""

    text: str
    candidates: tuple[Candidate, ...]


def more_rules(program: Program, variables: Sequence[MapVariable]) -> list[Rule]:
    """Each relation over each neural predicate that reads one image and chooses from a domain."""
    found = []
    for predicate in dict.fromkeys(program.neural_predicates):
        if predicate.kind == "choice" and predicate.arity == 2:
            found += [rule for each in RELATIONS if (rule := _rule(program, predicate, each, variables))]
    return found


def _rule(
    program: Program, predicate: NeuralPredicate, relation: Relation, variables: Sequence[MapVariable]
) -> Rule | None:
    outputs = [str(value) for value in predicate.domain]
    numbers = all(output.lstrip("-").isdigit() for output in outputs)
    arity = 1 if "Y" not in relation.condition else 2
    name = f"{relation.name}_{predicate.name}"
    if (relation.numbers and not numbers) or f"{name}/{arity}" in program.front_end.defined_predicates():
        return None
    values = np.array([int(output) for output in outputs] if numbers else range(len(outputs)))
    table = relation.holds(values) if arity == 1 else relation.holds(values[:, None], values[None, :])
    own = [
        (index, outputs.index(variable.symbol), variable.symbol)
        for index, variable in enumerate(variables)
        if variable.network == predicate.network and variable.symbol in outputs
    ]
    candidates = []
    for chosen in itertools.permutations(own, arity):
        if table[tuple(place for _, place, _ in chosen)]:
            text = f"{name}({','.join(symbol for _, _, symbol in chosen)})"
            candidates.append(Candidate(text, TableConstraint(tuple(index for index, _, _ in chosen), table)))
    images, read = ("A", "X") if arity == 1 else ("A, B", "XY")
    goals = [f"{predicate.name}({image}, {value})" for image, value in zip("AB", read, strict=False)]
    return Rule(f"{name}({images}) :- {', '.join([*goals, relation.condition])}.", tuple(candidates))
