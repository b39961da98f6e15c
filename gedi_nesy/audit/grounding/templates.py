"""Queries of one template, ground once: their images are left open, and their answers where they can be."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from problog.logic import Constant, Term, Var

from gedi_nesy.audit.grounding.as_constraints import constraint_of, output_names
from gedi_nesy.audit.grounding.open_arguments import Clauses
from gedi_nesy.audit.grounding.queries import GroundQuery, choices_of, compiled, ground_terms
from gedi_nesy.audit.grounding.worlds import worlds_of
from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.grounding.graph import FALSE, Graph, Literal, NeuralWeight
from gedi_nesy.logic.grounding.ground import Grounding
from gedi_nesy.logic.grounding.image_arguments import constants_of, placeholder, with_constants
from gedi_nesy.logic.program import Program

SEVERAL = 2
"""Queries of a template that are worth it."""


def ground_templates(program: Program, queries: Sequence[Term], watch: Watch) -> dict[Term, GroundQuery]:
    """Those of the queries that several templates have in common, the templates of fewest images first.

    The others have to be ground as they are: their templates are rare, or the program may look into their images. So
    have those for which time or memory do not suffice.
    """
    clauses = Clauses(program.statements, program.neural_predicates)
    kinds: dict[str, list[Term]] = {}
    for query in queries:
        kinds.setdefault(str(with_constants(query, itertools.repeat(Constant(0)))), []).append(query)
    found: dict[Term, GroundQuery] = {}
    for members in sorted(kinds.values(), key=lambda each: len(list(constants_of(each[0])))):
        if len(members) >= SEVERAL:
            try:
                found |= _Kind(program, clauses, members, watch).ground()
            except TooLargeError:
                break
    return found


class _Kind(NamedTuple):
    """Queries that differ in their constants alone."""

    program: Program
    clauses: Clauses
    members: Sequence[Term]
    watch: Watch

    def ground(self) -> dict[Term, GroundQuery]:
        """Those that can be ground with open images, with open answers too if possible; none if it is not plain."""
        rows = [list(constants_of(each)) for each in self.members]
        images = [place for place in range(len(rows[0])) if self._is_opaque(place)]
        if not images:
            return {}
        others = [place for place in range(len(rows[0])) if place not in images]
        varying = [place for place in others if len({row[place] for row in rows}) > 1]
        if varying and self.clauses.answers_may_be_open(
            self.members[0].signature, map(self._argument, varying)
        ):
            found = self._ground(self.members, images, varying)
            if found:
                return found
        alike: dict[tuple[Term, ...], list[Term]] = {}
        for member, row in zip(self.members, rows, strict=True):
            alike.setdefault(tuple(row[place] for place in others), []).append(member)
        found = {}
        for members in alike.values():
            found |= self._ground(members, images, ()) if len(members) >= SEVERAL else {}
        return found

    def _argument(self, place: int) -> int:
        """The argument of the query in which this of its constants lies."""
        return [i for i, each in enumerate(self.members[0].args) for _ in constants_of(each)][place]

    def _is_opaque(self, place: int) -> bool:
        return self.clauses.images_are_opaque(self.members[0].signature, [self._argument(place)])

    def _ground(
        self, members: Sequence[Term], images: Sequence[int], answers: Sequence[int]
    ) -> dict[Term, GroundQuery]:
        """One grounding of members that differ in images and open answers; none where it does not come out."""
        given = {place: placeholder(place) for place in images}
        opened = _with(members[0], {**given, **{place: Var(f"V{place}") for place in answers}})
        try:
            grounding = ground_terms(self.program, (opened,), self.watch)
        except TooLargeError:
            raise
        except ProgramError:
            return {}
        roots = dict(grounding.roots)
        ground = all(each.is_ground() for each in roots)
        if not ground or _chance_looks_at_images(grounding, given.values()):
            return {}
        # one without a proof is ground by itself, and then said to have none
        own = {each: roots.get(_with(each, given), FALSE) for each in members}
        return self._said(grounding, images, {each: root for each, root in own.items() if root != FALSE})

    def _said(
        self, grounding: Grounding, images: Sequence[int], roots: Mapping[Term, int]
    ) -> dict[Term, GroundQuery]:
        distinct = list(dict.fromkeys(roots.values()))
        given = [grounding.graph.conjunction([root, grounding.evidence]) for root in distinct]
        read = dict(zip(distinct, _slots_below(grounding.graph, given), strict=True))
        graph, nodes = compiled(grounding, distinct, self.watch)
        choices = choices_of(grounding, self.program)
        outputs = tuple(output_names(slot) for slot in grounding.slots)
        listed = worlds_of(graph, nodes, choices, [len(each) for each in outputs], self.watch)
        constraints = {
            root: listed.get(node) or constraint_of(graph, node, choices)
            for root, node in zip(distinct, nodes, strict=True)
        }
        found = {}
        for query, root in roots.items():
            constants = list(constants_of(query))
            symbols = {placeholder(place): constants[place] for place in images}
            readings = tuple(
                (slot.network, tuple(symbols.get(term, term) for term in slot.inputs))
                if place in read[root]
                else None
                for place, slot in enumerate(grounding.slots)
            )
            found[query] = GroundQuery(query, readings, outputs, constraints[root])
        return found


def _with(query: Term, given: Mapping[int, Term]) -> Term:
    """The query with other terms in some places of its constants."""
    constants = enumerate(constants_of(query))
    return with_constants(query, [given.get(place, each) for place, each in constants])


def _chance_looks_at_images(grounding: Grounding, images: Iterable[Term]) -> bool:
    """Whether a choice that no network makes is one for each image: equal symbols then share it, two images do not."""
    names = [
        name
        for variable in grounding.graph.variables
        if not any(isinstance(weight, NeuralWeight) for weight in variable.weights)
        for name in variable.names
    ]
    return any(str(image) in name for image in images for name in names)


def _slots_below(graph: Graph, roots: Sequence[int]) -> list[set[int]]:
    """The slots that each root asks for."""
    below: dict[int, int] = {}
    for index in graph.reachable(roots):
        node, mask = graph.nodes[index], 0
        if isinstance(node, Literal):
            for weight in graph.variables[node.variable].weights:
                mask |= 1 << weight.slot if isinstance(weight, NeuralWeight) else 0
        for child in node.children:
            mask |= below[child]
        below[index] = mask
    return [
        {place for place in range(below[root].bit_length()) if below[root] >> place & 1} for root in roots
    ]
