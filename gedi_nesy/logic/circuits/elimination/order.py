"""Elimination orders of a network's vertices: greedy, by the size of the clique that an elimination makes."""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CHECK_EVERY = 256


@dataclass(frozen=True)
class EliminationOrder:
    """Vertices in the order of their elimination, each with its neighbours at that time.

    `width` is the treewidth of the order, `cost` the rows of all its tables if none were sparse.
    """

    name: str
    vertices: tuple[int, ...]
    neighbours: dict[int, tuple[int, ...]]
    width: int
    cost: float


def adjacency(count: int, scopes: Sequence[Sequence[int]]) -> list[set[int]]:
    """Vertices are neighbours where a factor has both."""
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for scope in scopes:
        for vertex in scope:
            neighbours[vertex].update(scope)
    for vertex, found in enumerate(neighbours):
        found.discard(vertex)
    return neighbours


def min_size(
    sizes: Sequence[int], scopes: Sequence[Sequence[int]], limit: float, check: Callable[[], None]
) -> EliminationOrder | None:
    """Whichever vertex makes the smallest clique next; None once the cost is beyond the limit."""
    return _greedy("min-size", sizes, scopes, limit, check, lambda vertex, around, weight: weight)


def min_fill(
    sizes: Sequence[int], scopes: Sequence[Sequence[int]], limit: float, check: Callable[[], None]
) -> EliminationOrder | None:
    """Whichever vertex adds the fewest edges next."""

    def fill(vertex: int, around: list[set[int]], weight: float) -> float:
        near = around[vertex]
        missing = sum(len(near) - 1 - len(near & around[other]) for other in near)
        return missing + weight / 1e3

    return _greedy("min-fill", sizes, scopes, limit, check, fill)


def _greedy(
    name: str,
    sizes: Sequence[int],
    scopes: Sequence[Sequence[int]],
    limit: float,
    check: Callable[[], None],
    score: Callable[[int, list[set[int]], float], float],
) -> EliminationOrder | None:
    logs = [math.log2(size) for size in sizes]
    around = adjacency(len(sizes), scopes)

    def weight(vertex: int) -> float:
        return logs[vertex] + sum(logs[other] for other in around[vertex])

    scores = [score(vertex, around, weight(vertex)) for vertex in range(len(sizes))]
    heap = [(value, vertex) for vertex, value in enumerate(scores)]
    heapq.heapify(heap)
    order: list[int] = []
    neighbours: dict[int, tuple[int, ...]] = {}
    cost, width = 0.0, 0
    while heap:
        value, vertex = heapq.heappop(heap)
        if vertex in neighbours or value != scores[vertex]:
            continue
        near = around[vertex]
        cost += 2.0 ** weight(vertex)
        if cost > limit:
            return None
        width = max(width, len(near))
        order.append(vertex)
        neighbours[vertex] = tuple(near)
        if len(order) % CHECK_EVERY == 0:
            check()
        for other in near:
            around[other] |= near
            around[other] -= {vertex, other}
        for other in near:
            changed = score(other, around, weight(other))
            if changed != scores[other]:
                scores[other] = changed
                heapq.heappush(heap, (changed, other))
    return EliminationOrder(name, tuple(order), neighbours, width, cost)
