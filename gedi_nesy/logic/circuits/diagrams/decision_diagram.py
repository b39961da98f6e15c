"""Sentential decision diagrams over multi-valued variables, for the parts of a graph that are not yet a
circuit.

Each variable has a log encoding: its value in binary, on a few SDD variables of its own, which form one
branch of the vtree. Any code is some value (spare codes repeat the residual value), so no constraint is
needed, and a diagram on one such branch is a set of values: what comes back is again literals, conjunctions
and disjunctions, now decomposable and deterministic.

This file imports PySDD and the ground graph alone, so that a process that does nothing else starts quickly.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pysdd.sdd import SddManager, SddNode, Vtree

from gedi_nesy.logic.grounding.graph import FALSE, TRUE, And, Graph, Literal, Not

Check = Callable[[int, float], None]
"""Told the number of SDD nodes and the share of the work that is done; what it raises ends the compilation."""


@dataclass(frozen=True)
class Strategy:
    """An order of variables, known by its name, over a balanced or a right-linear vtree."""

    order: str
    variables: tuple[int, ...]
    balanced: bool

    def __str__(self) -> str:
        return f"{self.order} order, {'balanced' if self.balanced else 'right-linear'} vtree"


def encoding_width(weights: int) -> int:
    """SDD variables in the log encoding of a variable with so many weights and a residual value."""
    return max(1, weights.bit_length())


def compile_diagrams(graph: Graph, roots: Sequence[int], strategy: Strategy, check: Check) -> "Diagrams":
    """The roots as nodes of a new graph over the same variables, decomposable and deterministic."""
    diagrams = _Builder(graph, strategy, check)
    compiled = [diagrams.compile(root) for root in roots]
    target = Graph(graph.variables)
    rewritten: dict[int, int] = {}
    return Diagrams(target, [diagrams.rewrite(diagram, target, rewritten) for diagram in compiled])


@dataclass
class Diagrams:
    """Diagrams of several nodes, as one graph."""

    graph: Graph
    roots: list[int]

    @property
    def edges(self) -> int:
        """Their size, by which diagrams of the same nodes are compared."""
        return sum(len(node.children) for node in self.graph.nodes)


class _Builder:
    """Compiles nodes of a source graph; the check is called after every operation on diagrams."""

    def __init__(self, graph: Graph, strategy: Strategy, check: Check):
        self.graph = graph
        self.check = check
        self.bits: dict[int, list[int]] = {}
        self.owner: dict[int, int] = {}
        self._owners: dict[int, int | None] = {}
        count = 0
        for variable in strategy.variables:
            width = encoding_width(len(graph.variables[variable].weights))
            self.bits[variable] = list(range(count + 1, count + width + 1))
            self.owner.update(dict.fromkeys(self.bits[variable], variable))
            count += width
        blocks = [self.bits[variable] for variable in strategy.variables]
        self.manager = SddManager.from_vtree(_vtree(blocks, strategy.balanced))
        self.diagrams: dict[int, SddNode] = {FALSE: self.manager.false(), TRUE: self.manager.true()}

    def compile(self, root: int) -> SddNode:
        """The diagram of a node of the source graph."""
        waiting = [index for index in self.graph.reachable([root]) if index not in self.diagrams]
        for done, index in enumerate(waiting):
            self.diagrams[index] = self._build(index, done / len(waiting))
        return self.diagrams[root]

    def _build(self, index: int, done: float) -> SddNode:
        node = self.graph.nodes[index]
        match node:
            case Literal(variable, mask):
                return self._literal(variable, mask)
            case Not(child):
                return self.manager.negate(self.diagrams[child])
        combine = self.manager.conjoin if isinstance(node, And) else self.manager.disjoin
        operands = sorted(
            (self.diagrams[child] for child in node.children), key=lambda diagram: diagram.size()
        )
        result = operands[0]
        for operand in operands[1:]:
            result = combine(result, operand)
            self.check(self.manager.count(), done)
        return result

    def _literal(self, variable: int, mask: int) -> SddNode:
        result = self.manager.false()
        for code in range(1 << len(self.bits[variable])):
            if mask & self._value(variable, code):
                cube = self.manager.true()
                for position, bit in enumerate(self.bits[variable]):
                    cube = self.manager.conjoin(
                        cube, self.manager.literal(bit if code >> position & 1 else -bit)
                    )
                result = self.manager.disjoin(result, cube)
        return result

    def _value(self, variable: int, code: int) -> int:
        return 1 << min(code, len(self.graph.variables[variable].weights))

    def rewrite(self, root: SddNode, target: Graph, done: dict[int, int]) -> int:
        """A diagram as a node of the target graph; `done` maps SDD ids to target nodes and is shared
        between roots.
        """
        stack = [root]
        while stack:
            diagram = stack[-1]
            if diagram.id in done:
                stack.pop()
                continue
            variable = self._single_variable(diagram)
            if diagram.is_true() or diagram.is_false():
                done[diagram.id] = TRUE if diagram.is_true() else FALSE
            elif variable is not None:
                done[diagram.id] = target.literal(variable, self._mask(variable, diagram))
            else:
                parts = [part for element in diagram.elements() for part in element]
                waiting = [part for part in parts if part.id not in done]
                if waiting:
                    stack.extend(waiting)
                    continue
                branches = [
                    target.conjunction([done[prime.id], done[sub.id]]) for prime, sub in diagram.elements()
                ]
                done[diagram.id] = target.disjunction(branches)
            stack.pop()
        return done[root.id]

    def _single_variable(self, diagram: SddNode) -> int | None:
        """The variable on whose bits alone the diagram depends, by its place in the vtree."""
        if diagram.is_true() or diagram.is_false():
            return None
        if diagram.is_literal():
            return self.owner[abs(diagram.literal)]
        vtree = diagram.vtree()
        position = vtree.position()
        if position not in self._owners:
            owners = {self.owner[bit] for bit in _variables_below(vtree)}
            self._owners[position] = owners.pop() if len(owners) == 1 else None
        return self._owners[position]

    def _mask(self, variable: int, diagram: SddNode) -> int:
        codes = self._codes(variable, diagram)
        return sum({self._value(variable, code) for code in codes})

    def _codes(self, variable: int, diagram: SddNode) -> set[int]:
        everything = set(range(1 << len(self.bits[variable])))
        if diagram.is_true() or diagram.is_false():
            return everything if diagram.is_true() else set()
        if diagram.is_literal():
            position = self.bits[variable].index(abs(diagram.literal))
            return {code for code in everything if (code >> position & 1) == (diagram.literal > 0)}
        codes: set[int] = set()
        for prime, sub in diagram.elements():
            codes |= self._codes(variable, prime) & self._codes(variable, sub)
        return codes


def _variables_below(vtree: Vtree) -> Iterator[int]:
    stack = [vtree]
    while stack:
        node = stack.pop()
        if node.is_leaf():
            yield node.var()
        else:
            stack += [node.left(), node.right()]


def _vtree(blocks: list[list[int]], balanced: bool) -> Vtree:
    """A vtree whose blocks are branches of their own; PySDD can read a vtree like this only from a file."""
    lines: list[str] = []

    def chain(parts: list[int]) -> int:
        last = parts[-1]
        for part in reversed(parts[:-1]):
            lines.append(f"I {len(lines)} {part} {last}")
            last = len(lines) - 1
        return last

    def halve(parts: list[int]) -> int:
        if len(parts) == 1:
            return parts[0]
        middle = len(parts) // 2
        left, right = halve(parts[:middle]), halve(parts[middle:])
        lines.append(f"I {len(lines)} {left} {right}")
        return len(lines) - 1

    def leaf(bit: int) -> int:
        lines.append(f"L {len(lines)} {bit}")
        return len(lines) - 1

    (halve if balanced else chain)([chain([leaf(bit) for bit in block]) for block in blocks])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vtree")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"vtree {len(lines)}\n" + "\n".join(lines) + "\n")
        return Vtree.from_file(path.encode())
