"""Positive cycles as decision graphs: what a recursion derives, as a function of the conditions of its rules.

ProbLog breaks a cycle by unfolding it along paths, of which a grid has exponentially many. Here the conditions
are decided one after the other, and a state is what all decided rules imply for the few atoms that rules still
to be decided mention: definite clauses over this frontier, closed under resolution, so that equal states meet.
For reachability they are the ways in which the frontier is connected, as in the frontier method for the
reliability of networks (Sekine, Imai and Tani, 1995).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gedi_nesy.logic.grounding.arrangement import TooManyStatesError, arrange
from gedi_nesy.logic.grounding.graph import FALSE, TRUE, Graph

Clause = tuple[int, frozenset[int]]
"""An atom, and the atoms from which it follows."""

Theory = frozenset[Clause]
State = tuple[Theory, frozenset[int]]
"""What the decided rules imply, and which half-decided rules have failed already."""

MOST_CLAUSES = 2000
"""Clauses of one state at which a fixpoint is left to ProbLog's cycle breaking."""

MOST_STATES = 150_000
"""States of one fixpoint at which it is left to ProbLog's cycle breaking."""


@dataclass(frozen=True)
class Rule:
    """The head follows from the body, atoms of the cycle, where all conditions, nodes of the graph, hold."""

    head: int
    body: tuple[int, ...]
    conditions: tuple[int, ...]

    @property
    def atoms(self) -> set[int]:
        """All atoms that it mentions."""
        return {self.head, *self.body}


def least_fixpoint(graph: Graph, rules: Sequence[Rule], target: int, check: Callable[[int], None]) -> int:
    """The node that says whether the rules derive the target; `check` is told the number of states.

    TooManyStatesError where there are more than `MOST_STATES`.
    """
    possible = [rule for rule in rules if graph.conjunction(rule.conditions) != FALSE]
    kept = _relevant(possible, target)
    return _Decisions(graph, kept, target, check).node()


def _relevant(rules: Sequence[Rule], target: int) -> list[Rule]:
    """The rules below the target, and none that need it."""
    by_head: dict[int, list[Rule]] = {}
    for rule in rules:
        if target not in rule.body:
            by_head.setdefault(rule.head, []).append(rule)
    seen, stack = {target}, [target]
    while stack:
        for rule in by_head.get(stack.pop(), ()):
            stack.extend(atom for atom in rule.body if atom not in seen)
            seen.update(rule.body)
    return [rule for head in seen for rule in by_head.get(head, ())]


class _Decisions:
    def __init__(self, graph: Graph, rules: Sequence[Rule], target: int, check: Callable[[int], None]):
        self.graph, self.rules, self.target, self.check = graph, rules, target, check
        places = arrange([rule.atoms for rule in rules], target, lambda: check(0))
        # A condition and its negation are decided together.
        self.signed: dict[int, tuple[int, bool]] = {}
        first: dict[int, int] = {}
        for rule in rules:
            place = max(places[atom] for atom in rule.atoms)
            for condition in rule.conditions:
                if condition != TRUE:
                    name, _ = self._sign(condition)
                    first[name] = min(first.get(name, place), place)
        self.levels = sorted(first, key=lambda name: (first[name], name))
        level = {name: number for number, name in enumerate(self.levels)}
        self.needs = [
            {level[name]: sign for name, sign in map(self._sign, set(rule.conditions) - {TRUE})}
            for rule in rules
        ]
        self.begins = [min(needs, default=-1) for needs in self.needs]
        self.ends = [max(needs, default=-1) for needs in self.needs]
        self.at: list[list[int]] = [[] for _ in self.levels]
        for number, needs in enumerate(self.needs):
            for place in needs:
                self.at[place].append(number)
        # An atom that no undecided rule has in its body need not be derived any more, and one that no undecided
        # rule has as its head follows from nothing new.
        self.no_heads = self._after(
            [(self.ends[n], atom) for n, rule in enumerate(rules) for atom in rule.body]
        )
        self.no_bodies = self._after([(self.ends[n], rule.head) for n, rule in enumerate(rules)])
        self.own = max(
            (self.ends[number] for number, rule in enumerate(rules) if rule.head == target), default=-1
        )

    def _after(self, uses: Iterable[tuple[int, int]]) -> list[set[int]]:
        """The atoms whose last use is before a level, from level 0 on; those that have none are among them."""
        last = {atom: -1 for rule in self.rules for atom in rule.atoms}
        for level, atom in uses:
            last[atom] = max(last[atom], level)
        return [
            {atom for atom, final in last.items() if final < level} for level in range(len(self.levels) + 1)
        ]

    def _sign(self, condition: int) -> tuple[int, bool]:
        if condition not in self.signed:
            self.signed[condition] = condition, True
            self.signed[self.graph.negation(condition)] = condition, False
        return self.signed[condition]

    def node(self) -> int:
        """States level by level, then their nodes from the last level back."""
        certain = [rule for rule, end in zip(self.rules, self.ends, strict=True) if end < 0]
        start = self._settled(frozenset(), [(rule.head, frozenset(rule.body)) for rule in certain], -1)
        if isinstance(start, bool):
            return TRUE if start else FALSE
        layers: list[dict[State, tuple[State | bool, State | bool]]] = []
        states: Iterable[State] = [(start, frozenset())]
        count = 0
        for level in range(len(self.levels)):
            layer: dict[State, tuple[State | bool, State | bool]] = {}
            following: dict[State, None] = {}
            for state in states:
                branches = self._decide(state, level, True), self._decide(state, level, False)
                layer[state] = branches
                following.update((branch, None) for branch in branches if not isinstance(branch, bool))
                count += 1
                self.check(count)
                if count > MOST_STATES:
                    raise TooManyStatesError
            layers.append(layer)
            states = following
        nodes: dict[State | bool, int] = {}
        for level in range(len(self.levels) - 1, -1, -1):
            below, nodes = nodes, {}
            below |= {True: TRUE, False: FALSE}
            for state, (high, low) in layers[level].items():
                nodes[state] = self._branch(self.levels[level], below.get(high, FALSE), below.get(low, FALSE))
        return nodes[start, frozenset()] if self.levels else FALSE

    def _branch(self, condition: int, high: int, low: int) -> int:
        if high == low:
            return high
        graph = self.graph
        return graph.disjunction(
            [graph.conjunction([condition, high]), graph.conjunction([graph.negation(condition), low])]
        )

    def _decide(self, state: State, level: int, value: bool) -> State | bool:
        theory, failed = state
        added: list[Clause] = []
        still = set(failed)
        for number in self.at[level]:
            if self.needs[number][level] != value:
                still.add(number)
            if self.ends[number] == level:
                if number not in still:
                    rule = self.rules[number]
                    added.append((rule.head, frozenset(rule.body)))
                still.discard(number)
        settled = self._settled(theory, added, level)
        return settled if isinstance(settled, bool) else (settled, frozenset(still))

    def _settled(self, theory: Theory, added: Sequence[Clause], level: int) -> Theory | bool:
        """What is implied for the atoms that stay, or whether the target is derived for certain, or never."""
        closed = saturate(theory, added) if added else theory
        if (self.target, frozenset()) in closed:
            return True
        heads, bodies = self.no_heads[level + 1], self.no_bodies[level + 1]
        closed = frozenset(
            (head, body)
            for head, body in closed
            if (head not in heads or head == self.target) and bodies.isdisjoint(body)
        )
        if level >= self.own and not any(head == self.target for head, _ in closed):
            return False
        return closed


def saturate(theory: Iterable[Clause], added: Iterable[Clause]) -> Theory:
    """A closed theory with more clauses, closed under resolution again; only the strongest clauses are kept."""
    by_head: dict[int, set[frozenset[int]]] = {}
    for head, body in theory:
        by_head.setdefault(head, set()).add(body)
    waiting = list(added)
    while waiting:
        head, body = waiting.pop()
        bodies = by_head.setdefault(head, set())
        if head in body or any(known <= body for known in bodies):
            continue
        bodies -= {known for known in bodies if body < known}
        bodies.add(body)
        if len(waiting) > MOST_CLAUSES:
            raise TooManyStatesError
        for atom in body:
            waiting += [(head, body - {atom} | other) for other in by_head.get(atom, ())]
        for other, known in by_head.items():
            waiting += [(other, found - {head} | body) for found in known if head in found]
    return frozenset((head, body) for head, bodies in by_head.items() for body in bodies)
