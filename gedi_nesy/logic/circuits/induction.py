"""Nodes of which no two can hold together, proved by induction on how they are built.

A dynamic program written as rules is a deterministic circuit, but no variable alone says so: the sum of some
digits is 7 because the sum of all but the last is 3 and the last is 4, or 4 and 3, or ... Two such sums exclude
one another because sums of one digit less do. Here "all nodes over the same variables that stand in the same
place" are taken as the values of one more variable, and that they exclude one another is what has to be
proved next, from smaller nodes.
"""

import heapq
from collections.abc import Iterator, Sequence

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.grounding.graph import And, Graph, Literal, Or

Branch = dict[int, int]
"""What a branch says: of variable v, under key v, the mask of its values; of the variables in a support, under key
-support - 1, the node that holds.
"""

WORK = 50
"""Branches that may be looked at, times the edges of the graph."""


class Induction:
    """Sets of nodes whose mutual exclusion is to be proved, together; `supports` are masks of variables by node."""

    def __init__(self, graph: Graph, supports: dict[int, int], watch: Watch):
        self.graph, self.supports, self.watch = graph, supports, watch
        self.sets: list[frozenset[int]] = []
        self.containing: dict[int, list[int]] = {}
        self.needed_by: list[set[int]] = []
        self.waiting: list[tuple[int, int, int]] = []
        self.failed: set[int] = set()
        self.left = WORK * sum(len(graph.children(node)) for node in supports)

    def proved(self, sets: Sequence[Sequence[int]]) -> list[bool]:
        """For each set, whether no two of its nodes can hold together, as far as induction tells."""
        wanted = [frozenset(nodes) for nodes in sets]
        names = {nodes: self._claim(nodes) for nodes in sorted(wanted, key=len, reverse=True)}
        while self.waiting:
            name = heapq.heappop(self.waiting)[-1]
            if name not in self.failed:
                self._reduce(name)
        return [names[nodes] not in self.failed for nodes in wanted]

    def _claim(self, nodes: frozenset[int]) -> int:
        """The number of a set that has these nodes, to be proved if it is new."""
        rarest = min((self.containing.get(node, []) for node in nodes), key=len)
        for name in rarest:
            if nodes <= self.sets[name] and (name not in self.failed or len(nodes) == len(self.sets[name])):
                return name
        name = len(self.sets)
        self.sets.append(nodes)
        self.needed_by.append(set())
        for node in nodes:
            self.containing.setdefault(node, []).append(name)
        # From the largest nodes down, and large sets first: others may be within what they claim.
        heapq.heappush(self.waiting, (-max(nodes), -len(nodes), name))
        return name

    def _fail(self, name: int) -> None:
        """Neither this set nor what rests on it can be proved."""
        stack = [name]
        while stack:
            name = stack.pop()
            if name not in self.failed:
                self.failed.add(name)
                stack.extend(self.needed_by[name])

    def _reduce(self, name: int) -> None:
        """What has to hold of smaller nodes so that the nodes of this set exclude one another."""
        claims: set[frozenset[int]] = set()
        branches = [(node, branch) for node in self.sets[name] for branch in self._branches(node)]
        pending = [(branches, frozenset[int]())]
        if self.left < 0:
            self._fail(name)
            return
        while pending:
            group, used = pending.pop()
            first = group[0][0]
            if all(node == first for node, _ in group):
                continue
            self.left -= len(group)
            self.watch.check(len(self.sets))
            key = self._shared(group, used)
            if key is None or self.left < 0:
                self._fail(name)
                return
            buckets = _by_mask(group, key) if key >= 0 else _by_node(group, key)
            if key < 0 and len(buckets) > 1:
                claims.add(frozenset(branch[key] for _, branch in (bucket[0] for bucket in buckets)))
            pending.extend((bucket, used | {key}) for bucket in buckets)
        for nodes in sorted(claims, key=len, reverse=True):
            claim = self._claim(nodes)
            self.needed_by[claim].add(name)
            if claim in self.failed:
                self._fail(name)

    def _shared(self, group: Sequence[tuple[int, Branch]], used: frozenset[int]) -> int | None:
        """What all branches say something about: variables come first, since they need no further proof."""
        smallest = min((branch for _, branch in group), key=len)
        keys = sorted((key for key in smallest if key not in used), reverse=True)
        return next((key for key in keys if all(key in branch for _, branch in group)), None)

    def _branches(self, node: int) -> Iterator[Branch]:
        """The disjuncts of a node, those of its disjuncts among them."""
        stack = [node]
        while stack and self.left >= 0:
            index = stack.pop()
            found = self.graph.nodes[index]
            if isinstance(found, Or):
                stack.extend(found.children)
            else:
                self.left -= 1
                if self.left % 1024 == 0:
                    self.watch.check(len(self.sets))
                yield self._branch(index)

    def _branch(self, node: int) -> Branch:
        branch: Branch = {}
        stack = [node]
        while stack:
            index = stack.pop()
            found = self.graph.nodes[index]
            if isinstance(found, Literal):
                branch[found.variable] = branch.get(found.variable, found.mask) & found.mask
                continue
            if index != node:
                branch[-self.supports[index] - 1] = index
            if isinstance(found, And):
                stack.extend(found.children)
        return branch


def _by_mask(group: Sequence[tuple[int, Branch]], variable: int) -> list[list[tuple[int, Branch]]]:
    """Branches that share a value of the variable, directly or through others, end up in one bucket."""
    buckets: dict[int, list[tuple[int, Branch]]] = {}
    exact: dict[int, list[tuple[int, Branch]]] = {}
    for item in group:
        exact.setdefault(item[1][variable], []).append(item)
    for found, items in exact.items():
        mask, members = found, items
        for other in [other for other in buckets if other & mask]:
            mask |= other
            members = members + buckets.pop(other)
        buckets[mask] = members
    return list(buckets.values())


def _by_node(group: Sequence[tuple[int, Branch]], key: int) -> list[list[tuple[int, Branch]]]:
    buckets: dict[int, list[tuple[int, Branch]]] = {}
    for item in group:
        buckets.setdefault(item[1][key], []).append(item)
    return list(buckets.values())
