"""Messages between the cliques of an elimination, each computed once, whatever root asks for it.

A clique is a vertex with its neighbours at its elimination; its parent is that of the neighbour eliminated
next. A message to a neighbouring clique is a table over what both share: everything on its own side, summed out
(Shafer and Shenoy, 1990). Several roots share what they have in common.
"""

from collections.abc import Callable, Iterator, Sequence

from gedi_nesy.logic.circuits.elimination.network import Input, Network, Reference
from gedi_nesy.logic.circuits.elimination.order import EliminationOrder
from gedi_nesy.logic.circuits.elimination.tables import Table, gate_table, join_all, project
from gedi_nesy.logic.grounding.graph import Graph

Message = tuple[int, bool]
"""(clique, upwards): from the clique to its parent, or from its parent to it."""


class Messages:
    """The messages of one network along one order, as nodes of a target graph."""

    def __init__(
        self, network: Network, order: EliminationOrder, target: Graph, check: Callable[[int], None]
    ):
        self.network, self.order, self.target, self.check = network, order, target, check
        position = {vertex: place for place, vertex in enumerate(order.vertices)}
        self.parents = {
            vertex: min(near, key=position.__getitem__, default=None)
            for vertex, near in order.neighbours.items()
        }
        self.children: dict[int, list[int]] = {vertex: [] for vertex in order.vertices}
        for vertex, parent in self.parents.items():
            if parent is not None:
                self.children[parent].append(vertex)
        self.gates: dict[int, list[int]] = {vertex: [] for vertex in order.vertices}
        self.defined: dict[int, int] = {vertex: vertex for vertex in network.inputs}
        constraints = dict.fromkeys(order.vertices, 0)
        for vertex, source in network.inputs.items():
            constraints[vertex] += source.restricted
        for number, gate in enumerate(network.gates):
            clique = min(gate.vertices, key=position.__getitem__)
            self.gates[clique].append(number)
            if gate.output is None:
                constraints[clique] += 1
            else:
                self.defined[gate.output] = clique
        self._number_subtrees(constraints)
        self.known: dict[Message, Table | None] = {}

    def _number_subtrees(self, constraints: dict[int, int]) -> None:
        """Cliques of a subtree have successive numbers; `constraints` becomes a count per subtree."""
        self.first: dict[int, int] = {}
        self.last: dict[int, int] = {}
        self.tops = [vertex for vertex in self.order.vertices if self.parents[vertex] is None]
        self.top: dict[int, int] = {}
        for top in self.tops:
            stack = [top]
            while stack:
                vertex = stack.pop()
                self.first[vertex] = len(self.first)
                self.top[vertex] = top
                stack.extend(self.children[vertex])
        for vertex in self.order.vertices:  # children come before their parents
            self.last[vertex] = max((self.last[c] for c in self.children[vertex]), default=self.first[vertex])
            parent = self.parents[vertex]
            if parent is not None:
                constraints[parent] += constraints[vertex]
        self.constraints = constraints

    def _below(self, vertex: int, clique: int) -> bool:
        return self.first[clique] <= self.first[vertex] <= self.last[clique]

    def certain(self, message: Message) -> bool:
        """Whether a message rules out nothing and weighs nothing: its side only defines what it sums out."""
        clique, upwards = message
        below = self.constraints[clique]
        if below if upwards else self.constraints[self.top[clique]] - below:
            return False
        return all(
            self._below(self.defined[vertex], clique) != upwards for vertex in self.order.neighbours[clique]
        )

    def root(self, reference: Reference) -> int:
        """The node of a reference together with all constraints of its component."""
        vertex, mask = reference
        table = self._clique(vertex, None)
        place = table.scope.index(vertex)
        chosen = {row: product for row, product in table.rows.items() if mask >> row[place] & 1}
        return self._single(
            project(Table(table.scope, chosen), (), self._leaf(vertex), self.target, self.check)
        )

    def total(self, top: int) -> int:
        """The node of a component's constraints."""
        return self._single(project(self._clique(top, None), (), self._leaf(top), self.target, self.check))

    def _single(self, table: Table) -> int:
        return self.target.conjunction(table.rows[()]) if table.rows else 0

    def _leaf(self, vertex: int) -> tuple[int, Input] | None:
        return (vertex, self.network.inputs[vertex]) if vertex in self.network.inputs else None

    def _clique(self, vertex: int, towards: Message | None) -> Table:
        """Everything a clique knows but for what it has been told by the clique it is to tell."""
        sources = list(self._sources(vertex, towards))
        self._compute(sources)
        tables = [gate_table(self.network.gates[number], self.network.sizes) for number in self.gates[vertex]]
        tables += [table for source in sources if (table := self.known[source]) is not None]
        if vertex in self.network.inputs and not any(vertex in table.scope for table in tables):
            tables.append(Table((vertex,), {(value,): () for value in range(self.network.sizes[vertex])}))
        return join_all(tables, self.check)

    def _sources(self, vertex: int, towards: Message | None) -> Iterator[Message]:
        for child in self.children[vertex]:
            if towards != (child, False):
                yield child, True
        if self.parents[vertex] is not None and towards != (vertex, True):
            yield vertex, False

    def _compute(self, wanted: Sequence[Message]) -> None:
        stack = [message for message in wanted if message not in self.known]
        while stack:
            message = stack[-1]
            if message in self.known or self.certain(message):
                self.known.setdefault(message, None)
                stack.pop()
                continue
            clique, upwards = message
            parent = self.parents[clique]
            sender = clique if upwards or parent is None else parent
            missing = [source for source in self._sources(sender, message) if source not in self.known]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            self.check(len(self.target))
            self.known[message] = project(
                self._clique(sender, message),
                self.order.neighbours[clique],
                self._leaf(sender),
                self.target,
                self.check,
            )
