"""What is to be known about the maps of a program: which they are, what they confuse, and which labels decide."""

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from gedi_nesy.audit.constraints import AllDifferent, outputs_of
from gedi_nesy.audit.hitting_sets import smallest_hitting_sets
from gedi_nesy.audit.labelled_queries import MapVariable, Problem
from gedi_nesy.audit.search import Bounds, MapSearch
from gedi_nesy.audit.simplify import simplified
from gedi_nesy.audit.tables import Domains
from gedi_nesy.logic.errors import ProgramError, TooLargeError

FEW = 1000
"""Up to this many maps are listed one by one."""

SETS = 100
"""Up to this many smallest sets of labels are listed."""

LabelSet = tuple[tuple[str, str], ...]
"""Symbols to label, each with the network that reads it."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class ConceptMap:
    """One map: by network and true symbol, the output.

    One-to-one maps send no two symbols of one network to the same output; a map keeps the frequencies if every output
    is as frequent in the training queries as the true symbol of that name.
    """

    outputs: dict[str, dict[str, str]]
    identity: bool
    one_to_one: bool
    keeps_frequencies: bool


def in_time(find: Callable[[], Found]) -> Found | None:
    """What is found, None if time is up first."""
    try:
        return find()
    except TooLargeError:
        return None


class Examination:
    """The maps of one problem; every method raises TooLargeError at the deadline, by `time.monotonic()`.

    The networks in `known` read every symbol as what it is, and so are the symbols in `labelled` read.
    """

    def __init__(
        self,
        problem: Problem,
        known: Collection[str],
        deadline: float,
        labelled: Collection[tuple[str, str]] = (),
    ):
        self.variables = problem.variables
        self.everything: Domains = tuple(
            _domain(v, v.network in known or (v.network, v.symbol) in labelled) for v in self.variables
        )
        networks: dict[str, list[int]] = {}
        for index, variable in enumerate(self.variables):
            networks.setdefault(variable.network, []).append(index)
        self.networks = networks
        self.deadline = deadline
        sizes = [len(variable.outputs) for variable in self.variables]
        constraints = in_time(lambda: simplified(problem.constraints, sizes, deadline)) or problem.constraints
        groups = [(members, max(sizes[index] for index in members)) for members in networks.values()]
        different = [AllDifferent(tuple(members)) for members in networks.values()]
        self.search = MapSearch(constraints, len(sizes), deadline, groups)
        self.search_one_to_one = MapSearch([*constraints, *different], len(sizes), deadline, groups)

    def possible(self) -> int:
        """How many maps there are, whether or not they satisfy anything."""
        return math.prod(domain.bit_count() for domain in self.everything)

    def counts(self) -> tuple[Bounds, Bounds]:
        """How many maps satisfy every query, and how many of them are one-to-one: what a part of the time shows.

        The one-to-one maps are counted first: they are fewer, and what L_PRIOR leaves. The identity is one of both.
        """
        start = time.monotonic()
        least = Bounds(int(self.identity_holds()), self.possible())
        one_to_one = self.search_one_to_one.bounds(self.everything, start + (self.deadline - start) / 3)
        one_to_one = one_to_one.meet(least)
        maps = self.search.bounds(self.everything, start + (self.deadline - start) * 2 / 3)
        maps = maps.meet(Bounds(one_to_one.low, self.possible()))
        return maps, one_to_one.meet(Bounds(0, maps.high))

    def count_one_to_one(self) -> int:
        """How many one-to-one maps satisfy every query."""
        return self.search_one_to_one.count(self.everything)

    def identity_holds(self) -> bool:
        """Whether every query holds for the true symbols themselves."""
        truth = _truth(self.variables)
        if truth is None:
            return False
        domains = tuple(1 << output for output in truth)
        return all(constraint.narrow(domains) is not None for constraint in self.search.constraints)

    def listed(self) -> tuple[ConceptMap, ...]:
        """All maps: the identity, then the other one-to-one maps, then the rest, each group in order."""
        maps = [(found, self._describe(found)) for found in self.search.solutions(self.everything)]
        maps.sort(key=lambda pair: (not pair[1].identity, not pair[1].one_to_one, pair[0]))
        return tuple(described for _, described in maps)

    def some_one_to_one(self, most: int) -> tuple[ConceptMap, ...]:
        """One-to-one maps, so many at the most; the identity first, if it is among them."""
        found = sorted(islice(self.search_one_to_one.solutions(self.everything), most))
        maps = map(self._describe, found)
        return tuple(sorted(maps, key=lambda each: not each.identity))

    def ambiguous(self) -> dict[str, dict[str, list[str]]]:
        """By network, the symbols that some map takes for another, and all that it may be taken for."""
        found: dict[str, dict[str, list[str]]] = {name: {} for name in self.networks}
        left = self.search.narrowed(self.everything) or (0,) * len(self.variables)
        possible = [0] * len(self.variables)
        for index, variable in enumerate(self.variables):
            for output in outputs_of(left[index]):
                if not possible[index] >> output & 1:
                    for place, shown in enumerate(
                        next(self.search.solutions(_with(left, index, output)), ())
                    ):
                        possible[place] |= 1 << shown
            others = [variable.outputs[output] for output in outputs_of(possible[index])]
            others = [name for name in others if name != variable.symbol]
            if others:
                found[variable.network][variable.symbol] = others
        return found

    def readings(self, listed: Sequence[ConceptMap] | None) -> dict[str, dict[str, dict[str, int]]]:
        """By network, true symbol and output, how many maps read the symbol as that output, if any do."""
        found: dict[str, dict[str, dict[str, int]]] = {name: {} for name in self.networks}
        left = self.search.narrowed(self.everything) or (0,) * len(self.variables)
        for index, variable in enumerate(self.variables):
            network, symbol = variable.network, variable.symbol
            if listed is not None:
                seen = Counter(each.outputs[network][symbol] for each in listed)
                counts = {name: seen[name] for name in variable.outputs}
            else:
                counts = {
                    variable.outputs[output]: self.search.count(_with(left, index, output))
                    for output in outputs_of(left[index])
                }
            found[network][symbol] = {name: count for name, count in counts.items() if count}
        return found

    def labels(self) -> tuple[LabelSet, ...]:
        """All smallest sets of symbols that leave the identity alone once they are labelled."""
        return self._smallest(self.search)

    def labels_one_to_one(self) -> tuple[LabelSet, ...]:
        """Those that leave it alone among the one-to-one maps."""
        return self._smallest(self.search_one_to_one)

    def _describe(self, outputs: tuple[int, ...]) -> ConceptMap:
        named: dict[str, dict[str, str]] = {name: {} for name in self.networks}
        true: Counter[tuple[str, str]] = Counter()
        seen: Counter[tuple[str, str]] = Counter()
        for variable, output in zip(self.variables, outputs, strict=True):
            name = variable.outputs[output]
            named[variable.network][variable.symbol] = name
            true[variable.network, variable.symbol] += variable.frequency
            seen[variable.network, name] += variable.frequency
        return ConceptMap(
            named,
            identity=all(s == o for symbols in named.values() for s, o in symbols.items()),
            one_to_one=all(len(set(symbols.values())) == len(symbols) for symbols in named.values()),
            keeps_frequencies=true == seen,
        )

    def _smallest(self, search: MapSearch) -> tuple[LabelSet, ...]:
        """Sets that hit, for every other map, a symbol that it gets wrong; other maps are found as they are needed."""
        truth = _truth(self.variables)
        if truth is None or not self.identity_holds():
            return ()

        def missed(chosen: frozenset[int]) -> frozenset[int] | None:
            other = self._other(search, truth, chosen)
            return None if other is None else frozenset(i for i, o in enumerate(other) if o != truth[i])

        sets = smallest_hitting_sets(missed, SETS, self.deadline)
        return tuple(
            tuple((self.variables[i].network, self.variables[i].symbol) for i in sorted(chosen))
            for chosen in sets
        )

    def _other(
        self, search: MapSearch, truth: tuple[int, ...], chosen: Iterable[int]
    ) -> tuple[int, ...] | None:
        """A map that reads the chosen symbols right and is not the identity."""
        domains = self.everything
        for index in chosen:
            domains = _with(domains, index, truth[index])
        return next((found for found in search.solutions(domains) if found != truth), None)


def _domain(variable: MapVariable, known: bool) -> int:
    if not known:
        return (1 << len(variable.outputs)) - 1
    if variable.symbol not in variable.outputs:
        raise ProgramError(f"{variable.network} is known, but {variable.symbol} is none of its outputs")
    return 1 << variable.outputs.index(variable.symbol)


def _truth(variables: tuple[MapVariable, ...]) -> tuple[int, ...] | None:
    """The identity; None if a true symbol is no output."""
    if any(variable.symbol not in variable.outputs for variable in variables):
        return None
    return tuple(variable.outputs.index(variable.symbol) for variable in variables)


def _with(domains: Domains, index: int, output: int) -> Domains:
    return (*domains[:index], 1 << output, *domains[index + 1 :])
