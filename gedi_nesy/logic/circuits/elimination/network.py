"""A ground graph as a network of small factors: a vertex for each variable and each gate, a factor for each gate.

Gates are functions of their children, so a product of all factors, with every vertex but a variable's summed
out, has exactly one branch for each world. Gates with many children become chains of gates with two.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gedi_nesy.logic.circuits.elimination.propagate import Known, possible_values, propagate
from gedi_nesy.logic.grounding.graph import TRUE, And, Graph, Literal, Not, Or

Reference = tuple[int, int]
"""A vertex, and the mask of its values for which the reference holds."""


@dataclass(frozen=True)
class Gate:
    """`output` is 1 if and only if both inputs hold (`conjunction`), or one of them does.

    Where `output` is None, the gate is a constraint: it must hold.
    """

    output: int | None
    conjunction: bool
    inputs: tuple[Reference, ...]

    @property
    def vertices(self) -> tuple[int, ...]:
        """All vertices of the factor, the output last."""
        found = tuple(vertex for vertex, _ in self.inputs)
        return found if self.output is None else (*found, self.output)


@dataclass(frozen=True)
class Input:
    """A variable whose values are lumped where nothing tells them apart: `masks[i]` are those of value i.

    `restricted` says that evidence has ruled out a value, so that the masks together are not certain.
    """

    variable: int
    masks: tuple[int, ...]
    restricted: bool


@dataclass
class Network:
    """`sizes` are the vertices' numbers of values; `roots` are references, or nodes where they are decided.

    `fixed` are variables that the condition restricts and that nothing else depends on, with their masks.
    """

    sizes: list[int] = field(default_factory=list)
    inputs: dict[int, Input] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    roots: list[Reference | bool] = field(default_factory=list)
    fixed: list[tuple[int, int]] = field(default_factory=list)


def conjuncts(graph: Graph, root: int) -> dict[int, None]:
    """The nodes that all have to hold for the root to hold, as far as conjunctions tell."""
    found: dict[int, None] = {}
    stack = [root]
    seen: set[int] = set()
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        node = graph.nodes[index]
        if isinstance(node, And):
            stack.extend(reversed(node.children))
        elif index != TRUE:
            found[index] = None
    return found


def common_conjuncts(graph: Graph, roots: Sequence[int]) -> set[int]:
    """The nodes that every root implies, as far as conjunctions tell."""
    parts = [conjuncts(graph, root) for root in roots]
    return {index for index in parts[0] if all(index in part for part in parts)}


def build_network(
    graph: Graph, roots: Sequence[int], check: Callable[[], None], prune: bool = True
) -> Network:
    """What all roots have in common is the condition; the rest of each root becomes a reference.

    With `prune`, values of probability 0 are left out. ContradictionError where the condition cannot hold.
    """
    common = common_conjuncts(graph, roots)
    rests = [[index for index in conjuncts(graph, root) if index not in common] for root in roots]
    nodes = graph.reachable(roots)
    check()
    possible = _impossible(graph, nodes) if prune else {}
    known = propagate(graph, nodes, sorted(common), possible)
    check()
    return _Builder(graph, nodes, known, possible).build(rests)


def _impossible(graph: Graph, nodes: Iterable[int]) -> dict[int, int]:
    """Masks of the variables of which some values have probability 0."""
    found = {}
    for index in nodes:
        node = graph.nodes[index]
        if isinstance(node, Literal) and node.variable not in found:
            variable = graph.variables[node.variable]
            if (possible := possible_values(variable)) != variable.all_values:
                found[node.variable] = possible
    return found


class _Builder:
    def __init__(self, graph: Graph, nodes: Sequence[int], known: Known, possible: dict[int, int]):
        self.graph = graph
        self.nodes = nodes
        self.known = known
        self.possible = possible
        self.network = Network()
        self.references: dict[int, Reference] = {}

    def build(self, rests: Sequence[Sequence[int]]) -> Network:
        """Vertices for what is open below the rests and the constraints, children first."""
        constraints = [
            (children, isinstance(self.graph.nodes[index], And))
            for index in self.nodes
            if index in self.known.values and (children := self._constraint(index))
        ]
        wanted = [self._open(rest) for rest in rests]
        needed = {index for rest in wanted if not isinstance(rest, bool) for index in rest}
        needed.update(index for children, _ in constraints for index in children)
        for index in reversed(self.nodes):
            if index in needed:
                needed.update(self._undecided(index))
        order = [index for index in self.nodes if index in needed]
        self._add_inputs(order)
        for index in order:
            self.references[index] = self._reference(index)
        for children, negative in constraints:
            found = [self.references[index] for index in children]
            self._gate(
                False, [self._complement(part) for part in found] if negative else found, required=True
            )
        for rest in wanted:
            found = rest if isinstance(rest, bool) else [self.references[index] for index in rest]
            self.network.roots.append(found if isinstance(found, bool) else self._gate(True, found))
        return self.network

    def _undecided(self, index: int) -> list[int]:
        return [child for child in self.graph.children(index) if child not in self.known.values]

    def _constraint(self, index: int) -> list[int]:
        """The children of which one decides a node that is decided already, unless one does."""
        node, value, values = self.graph.nodes[index], self.known.values[index], self.known.values
        if not isinstance(node, And | Or) or value == isinstance(node, And):
            return []
        settled = any(values.get(child) == value for child in node.children)
        return [] if settled else self._undecided(index)

    def _open(self, rest: Sequence[int]) -> list[int] | bool:
        values = [self.known.values.get(index) for index in rest]
        if False in values:
            return False
        return [index for index, value in zip(rest, values, strict=True) if value is None] or True

    def _add_inputs(self, order: Sequence[int]) -> None:
        """A vertex for each variable of an open literal."""
        literals: dict[int, list[int]] = {}
        for index in order:
            if isinstance(node := self.graph.nodes[index], Literal):
                literals.setdefault(node.variable, []).append(index)
        for variable, indices in literals.items():
            everything = self.graph.variables[variable].all_values
            allowed = self.known.allowed.get(variable, everything)
            masks = [self.graph.nodes[index].mask for index in indices]  # pyright: ignore[reportAttributeAccessIssue]
            lumps = _lumped(allowed, masks)
            vertex = self._vertex(len(lumps))
            restricted = allowed != self.possible.get(variable, everything)
            self.network.inputs[vertex] = Input(variable, lumps, restricted)
            for index, mask in zip(indices, masks, strict=True):
                values = sum(1 << place for place, lump in enumerate(lumps) if lump & mask)
                self.references[index] = vertex, values
        for variable, allowed in self.known.allowed.items():
            everything = self.graph.variables[variable].all_values
            if variable not in literals and allowed != self.possible.get(variable, everything):
                self.network.fixed.append((variable, allowed))

    def _vertex(self, size: int) -> int:
        self.network.sizes.append(size)
        return len(self.network.sizes) - 1

    def _complement(self, reference: Reference) -> Reference:
        vertex, mask = reference
        return vertex, ((1 << self.network.sizes[vertex]) - 1) & ~mask

    def _reference(self, index: int) -> Reference:
        match self.graph.nodes[index]:
            case Literal():
                return self.references[index]
            case Not(child):
                return self._complement(self.references[child])
            case node:
                parts = [self.references[child] for child in self._undecided(index)]
                return self._gate(isinstance(node, And), parts)

    def _gate(self, conjunction: bool, parts: list[Reference], required: bool = False) -> Reference:
        """A chain of gates with two inputs each, the last a constraint if it is required."""
        result = parts[0]
        for part in parts[1:]:
            output = None if required and part is parts[-1] else self._vertex(2)
            self.network.gates.append(Gate(output, conjunction, (result, part)))
            result = (-1 if output is None else output), 0b10
        if required and len(parts) == 1:
            self.network.gates.append(Gate(None, conjunction, (result,)))
        return result


def _lumped(allowed: int, masks: Iterable[int]) -> tuple[int, ...]:
    """The coarsest partition of the allowed values of which every mask is a union."""
    lumps = [allowed]
    for mask in dict.fromkeys(masks):
        lumps = [part for lump in lumps for part in (lump & mask, lump & ~mask) if part]
    return tuple(lumps)
